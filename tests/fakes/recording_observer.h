// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_FAKES_RECORDING_OBSERVER_H_
#define STRATA_TESTS_FAKES_RECORDING_OBSERVER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/base/observer.h"

namespace strata {

// Remembers what the engine told it. Thread-safe.
class RecordingObserver final : public Observer {
 public:
  struct Request {
    std::string model;
    absl::Status status;
    int inputs = 0;
  };

  void OnRequestDone(absl::string_view model, const absl::Status& status,
                     int inputs, const StageTimings& /*timings*/) override {
    MutexLock lock(mutex_);
    requests_.push_back(
        {.model = std::string(model), .status = status, .inputs = inputs});
  }
  void OnBatch(absl::string_view /*model*/, const BatchInfo& batch,
               absl::Duration /*compute*/) override {
    MutexLock lock(mutex_);
    batches_.push_back(batch);
  }
  void OnInputFailed(absl::string_view /*model*/) override {
    MutexLock lock(mutex_);
    ++failed_inputs_;
  }
  void OnCompilations(absl::string_view /*model*/, int graphs) override {
    MutexLock lock(mutex_);
    compilations_ += graphs;
  }
  void OnQueueDepth(int /*waiting_inputs*/) override {}
  void OnInFlight(int requests) override {
    MutexLock lock(mutex_);
    in_flight_ = requests;
  }
  void OnReplyMemory(std::int64_t bytes, std::int64_t leased_bytes) override {
    MutexLock lock(mutex_);
    reply_bytes_ = bytes;
    leased_bytes_ = leased_bytes;
  }
  void OnSpill() override {
    MutexLock lock(mutex_);
    ++spills_;
  }

  std::vector<Request> requests() const {
    MutexLock lock(mutex_);
    return requests_;
  }
  std::vector<BatchInfo> batches() const {
    MutexLock lock(mutex_);
    return batches_;
  }
  int failed_inputs() const {
    MutexLock lock(mutex_);
    return failed_inputs_;
  }
  int compilations() const {
    MutexLock lock(mutex_);
    return compilations_;
  }
  int in_flight() const {
    MutexLock lock(mutex_);
    return in_flight_;
  }
  std::int64_t reply_bytes() const {
    MutexLock lock(mutex_);
    return reply_bytes_;
  }
  std::int64_t leased_bytes() const {
    MutexLock lock(mutex_);
    return leased_bytes_;
  }
  int spills() const {
    MutexLock lock(mutex_);
    return spills_;
  }

 private:
  mutable Mutex mutex_;
  std::vector<Request> requests_ ABSL_GUARDED_BY(mutex_);
  std::vector<BatchInfo> batches_ ABSL_GUARDED_BY(mutex_);
  int failed_inputs_ ABSL_GUARDED_BY(mutex_) = 0;
  int compilations_ ABSL_GUARDED_BY(mutex_) = 0;
  int in_flight_ ABSL_GUARDED_BY(mutex_) = 0;
  std::int64_t reply_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::int64_t leased_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  int spills_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace strata

#endif  // STRATA_TESTS_FAKES_RECORDING_OBSERVER_H_
