// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_FAKES_PUPPET_RUNNER_H_
#define STRATA_TESTS_FAKES_PUPPET_RUNNER_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/host_tensor.h"
#include "core/base/mutex.h"
#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "core/batch/runner.h"

namespace strata {

// What a PuppetRunner was asked to run.
struct PuppetBatch {
  // Lengths of the sequences, in the order of the rows.
  std::vector<int> pieces;
  int length = 0;

  friend bool operator==(const PuppetBatch&, const PuppetBatch&) = default;
};

// The strings of a PuppetRunner, held by the test and the runner. Thread-safe.
class PuppetStrings {
 public:
  // From now on, Run blocks until Release or ReleaseAll.
  void Hold();
  // Lets `batches` held forwards run.
  void Release(int batches = 1);
  // Lets all run, from now on.
  void ReleaseAll();
  // Waits until `batches` have entered Run since the start.
  void AwaitEntered(int batches);
  // From now on, every batch that holds this piece fails with this status.
  void FailOn(std::int64_t id, absl::Status status);
  // What ran, in order.
  std::vector<PuppetBatch> batches() const;
  // What it was told of threads, in order.
  std::vector<int> threads() const;

 private:
  friend class PuppetRunner;

  // Enters Run with this batch and waits until it may go on.
  absl::Status Enter(std::span<const Sequence* const> sequences,
                     const BatchPlan& plan);

  mutable Mutex mutex_;
  CondVar changed_;
  bool holding_ ABSL_GUARDED_BY(mutex_) = false;
  int permits_ ABSL_GUARDED_BY(mutex_) = 0;
  std::int64_t failing_id_ ABSL_GUARDED_BY(mutex_) = -1;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  std::vector<PuppetBatch> batches_ ABSL_GUARDED_BY(mutex_);
  std::vector<int> threads_ ABSL_GUARDED_BY(mutex_);
};

// A runner whose hidden states a test can predict: every output is FLOAT32,
// whatever its spec's dtype, of the shape that the spec asks for, and each
// number is (layer * 1000 + id of the piece); pooled outputs use the sequence's
// first id.
class PuppetRunner final : public Runner {
 public:
  PuppetRunner(int width, std::shared_ptr<PuppetStrings> strings,
               std::string device = "cpu");

  std::string Device() const override { return device_; }

  void UseThreads(int threads) override;

 private:
  // Comes to the checkpoint once, when it may run.
  absl::StatusOr<std::vector<std::vector<HostTensor>>> Compute(
      std::span<const Sequence* const> sequences, const BatchPlan& plan,
      Checkpoint checkpoint) override;

  const int width_;
  const std::shared_ptr<PuppetStrings> strings_;
  const std::string device_;
};

}  // namespace strata

#endif  // STRATA_TESTS_FAKES_PUPPET_RUNNER_H_
