// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_WARM_UP_H_
#define STRATA_CORE_MODEL_WARM_UP_H_

#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/batch/cost.h"
#include "core/batch/request.h"
#include "core/batch/runner.h"

namespace strata {

// A sequence that every warm-up runs of a model that takes so many pieces: what
// the model should be able to compute at any time.
Sequence SmallestWarmUp(int longest_pieces);

// What a warm-up may try.
struct WarmUpLimits {
  // Longest row that the model takes.
  int longest_pieces = 1;
  // Layers that can be wanted, the embedding output and logits included.
  int layers = 1;
  // Whether a forward can end at each of them.
  bool layers_cut = false;
  // No batch of more places is tried.
  int max_places = 1 << 16;
  // No size is begun that should end after this, if it takes twice as long as
  // the one before it, and no depth once it has passed; the smallest batch is
  // always tried.
  absl::Duration budget = absl::Seconds(2);
};

// What a warm-up found.
struct WarmUpResult {
  // In order of their places; at least one.
  std::vector<ForwardTiming> timings;
  // Most places that a batch should have.
  int most_places = 0;
};

// Runs the forwards that will occur on `runner` before anybody waits for them:
// batches of 16 places, 32, 64, and so on, in short rows and in long ones, each
// twice unless it is slow; and the smallest batch to each layer. They are
// compiled, memory is taken, and the times of the quicker runs are returned,
// for CostModel::Fit.
//
// Sizes grow until a larger batch no longer makes a place cheaper, it fails
// (the device has no memory for it, say), or a limit is reached: the last that
// ran is the largest worth making. Batches of 512 places are taken to be worth
// it unless they failed: where something else holds the device, a measurement
// may say otherwise. Error: that of a forward of the smallest batch.
absl::StatusOr<WarmUpResult> WarmUp(Runner& runner, const WarmUpLimits& limits,
                                    const Clock& clock);

// Runs what is enough where `timings`, in order of their places, are known from
// another warm-up: the smallest batch, and the largest where `take_memory`,
// whose failure does no harm. Returns what the smallest takes now. Error: its
// own.
absl::StatusOr<absl::Duration> WarmUpAgain(
    Runner& runner, std::span<const ForwardTiming> timings, int layers,
    bool take_memory, const Clock& clock);

}  // namespace strata

#endif  // STRATA_CORE_MODEL_WARM_UP_H_
