// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_BATCH_RUNNER_H_
#define STRATA_CORE_BATCH_RUNNER_H_

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/host_tensor.h"
#include "core/batch/cost.h"
#include "core/batch/plan.h"
#include "core/batch/request.h"

namespace strata {

// What a runner calls again and again on its thread while it computes, where
// kernels run on that thread. It may take its time and call Run, for a batch
// that goes first. False: the batch that is being computed is wanted no more.
using Checkpoint = absl::FunctionRef<bool()>;

inline bool GoOn() { return true; }

// Runs batches of one model on one device. The seam between batching and
// whatever computes: TorchScript today (core/model/torch_runner.h), a puppet in
// tests (tests/fakes/puppet_runner.h).
//
// Not thread-safe: one worker thread calls it.
class Runner {
 public:
  virtual ~Runner() = default;

  // Runs the batch that `plan` makes of `sequences` (its members index into
  // them), and returns the outputs of each, in the order of `sequences`: one
  // tensor for each of its OutputSpecs. Every sequence is a member of exactly
  // one row or the copy of one. Error: INTERNAL, reason FORWARD_FAILED;
  // RESOURCE_EXHAUSTED when the device has no memory for it; CANCELLED where
  // `checkpoint` said so.
  absl::StatusOr<std::vector<std::vector<HostTensor>>> Run(
      std::span<const Sequence* const> sequences, const BatchPlan& plan,
      Checkpoint checkpoint = GoOn) {
    return Compute(sequences, plan, checkpoint);
  }

  // Device that it runs on, as "cpu" or "cuda:0".
  virtual std::string Device() const = 0;

  // How many threads operators use from now on in what the calling thread runs
  // on the CPU; nothing for other devices.
  virtual void UseThreads(int /*threads*/) {}

  // Graphs that the calling thread has compiled since the last call, for shapes
  // and depths that were new.
  virtual int TakeCompilations() { return 0; }

  // What the forward of the last batch took, its checkpoints included, without
  // what comes after it; nullopt where that is not known.
  virtual std::optional<absl::Duration> forward_time() const {
    return std::nullopt;
  }

  // What its forwards cost, for the plans of its batches: measured before it
  // serves and corrected while it does.
  CostModel& cost() { return cost_; }

  // Most places of a batch that the device is trusted to have memory for.
  int most_places() const { return most_places_; }
  // Half of what was too much. Grows slowly while batches of about as many
  // places run: memory that somebody else held may be free again.
  void OnTooLarge(int places) {
    most_places_ = std::max(1, std::min(most_places_, places / 2));
  }
  void OnRan(int places) {
    if (places > most_places_ / 2) most_places_ += 1 + (most_places_ / 64);
  }

 private:
  // Run, where it runs.
  virtual absl::StatusOr<std::vector<std::vector<HostTensor>>> Compute(
      std::span<const Sequence* const> sequences, const BatchPlan& plan,
      Checkpoint checkpoint) = 0;

  CostModel cost_;
  // Without a limit at first, but far from what an int holds.
  int most_places_ = 1 << 24;
};

}  // namespace strata

#endif  // STRATA_CORE_BATCH_RUNNER_H_
