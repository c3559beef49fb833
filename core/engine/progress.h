// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_ENGINE_PROGRESS_H_
#define STRATA_CORE_ENGINE_PROGRESS_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/batch/queue.h"
#include "core/batch/request.h"
#include "core/model/model.h"

namespace strata {

// Gives the answers of a batch's items, each once, whoever comes first: the
// worker that computed them, or who no longer believes that it will.
// Thread-safe.
class BatchAnswers {
 public:
  // Comes between `items` and their callbacks.
  static std::shared_ptr<BatchAnswers> Between(
      std::vector<Queue<Model>::Item>& items);

  // Fails what has no answer yet.
  void Fail(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using Done = absl::AnyInvocable<void(absl::StatusOr<Computed>)>;

  void Answer(std::size_t item, absl::StatusOr<Computed> computed)
      ABSL_LOCKS_EXCLUDED(mutex_);

  Mutex mutex_;
  // Null where the answer was given.
  std::vector<Done> done_ ABSL_GUARDED_BY(mutex_);
};

// What a worker is doing, for those who watch it. Begin, Move, End and
// given_up are called by the worker, all else by anybody.
class Progress {
 public:
  // A batch was taken; inside another one where that is interrupted for it.
  void Begin(std::string model, std::shared_ptr<BatchAnswers> answers)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // A forward of the innermost batch begins, which should take `predicted` (0:
  // nobody knows).
  void Move(absl::Duration predicted) {
    predicted_ns_ = absl::ToInt64Nanoseconds(predicted);
    ++steps_;
  }
  // A forward comes on.
  void Move() { ++steps_; }
  void End() ABSL_LOCKS_EXCLUDED(mutex_);

  // Whether the innermost batch was failed by somebody else, so that its
  // worker need not go on.
  bool given_up() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Grows with each of the calls above.
  std::uint64_t steps() const { return steps_; }
  absl::Duration predicted() const {
    return absl::Nanoseconds(predicted_ns_.load());
  }
  // The model of the innermost batch; empty: the worker waits for one.
  std::string model() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Fails every batch that has begun and not ended. `after`: if those are the
  // steps made so far, else nothing; whether it did.
  bool Fail(const absl::Status& status,
            std::optional<std::uint64_t> after = std::nullopt)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Batch {
    std::string model;
    std::shared_ptr<BatchAnswers> answers;
    bool given_up = false;
  };

  std::atomic<std::uint64_t> steps_ = 0;
  std::atomic<std::int64_t> predicted_ns_ = 0;

  mutable Mutex mutex_;
  std::vector<Batch> batches_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace strata

#endif  // STRATA_CORE_ENGINE_PROGRESS_H_
