// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/warm_up.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/status_macros.h"
#include "core/batch/cost.h"
#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "core/batch/runner.h"

namespace strata {
namespace {

constexpr int kLeastPlaces = 16;
constexpr int kShortRow = 16;
// Beyond it a row of a CPU or GPU is rarely worth its attention.
constexpr int kLongRow = 256;
// Worth making whatever the measurement says.
constexpr int kWorthPlaces = 512;
// A larger batch has to make a place cheaper by this share.
constexpr double kWorthwhile = 0.98;
// A forward that takes this long is timed once.
constexpr absl::Duration kSlow = absl::Milliseconds(100);
// How many sizes in a row may fail to.
constexpr int kPatience = 2;

// `length` pieces to the layer that makes `layers`, the first of them pooled.
Sequence MakeSequence(int length, int layers) {
  return {
      .ids = std::vector<std::int64_t>(length, 0),
      .layers = layers,
      .outputs = std::make_shared<const std::vector<OutputSpec>>(
          std::vector<OutputSpec>{{.layers = {0}, .pooling = Pooling::kMean}})};
}

absl::Status RunOnce(Runner& runner, int rows, int length, int layers) {
  const Sequence sequence = MakeSequence(length, layers);
  const std::vector<const Sequence*> sequences(rows, &sequence);
  const BatchPlan plan = PlanUnpacked(std::vector<int>(rows, length));
  return runner.Run(sequences, plan).status();
}

absl::StatusOr<ForwardTiming> Time(Runner& runner, int rows, int length,
                                   int layers, const Clock& clock) {
  const absl::Time start = clock.Now();
  STRATA_RETURN_IF_ERROR(RunOnce(runner, rows, length, layers));
  return ForwardTiming{
      .rows = rows, .length = length, .time = clock.Now() - start};
}

// The quicker of two where it is so quick that noise tells.
absl::StatusOr<ForwardTiming> TimeWell(Runner& runner, int rows, int length,
                                       int layers, const Clock& clock) {
  STRATA_ASSIGN_OR_RETURN(const ForwardTiming first,
                          Time(runner, rows, length, layers, clock));
  if (first.time >= kSlow) return first;
  STRATA_ASSIGN_OR_RETURN(const ForwardTiming second,
                          Time(runner, rows, length, layers, clock));
  return first.time < second.time ? first : second;
}

// The row lengths to try for as many places.
std::vector<int> Lengths(int places, const WarmUpLimits& limits) {
  const int small = std::min(kShortRow, limits.longest_pieces);
  const int large = std::min({kLongRow, limits.longest_pieces, places});
  if (small == large) return {small};
  return {small, large};
}

// Times batches of more and more places, into `result`; stops at the first that
// fails, with its error.
absl::Status TimeSizes(Runner& runner, const WarmUpLimits& limits,
                       const Clock& clock, absl::Time end,
                       WarmUpResult& result) {
  // What happens once (kernels are loaded, libraries set up) is not measured.
  STRATA_RETURN_IF_ERROR(RunOnce(
      runner, 1, std::min(kLeastPlaces, limits.longest_pieces), limits.layers));
  double cheapest = std::numeric_limits<double>::infinity();
  int dearer = 0;
  // What the next size should take.
  absl::Duration next = absl::ZeroDuration();
  for (int places = kLeastPlaces;
       places <= std::max(limits.max_places, kLeastPlaces) &&
       dearer < kPatience &&
       (result.timings.empty() || clock.Now() + next < end);
       places *= 2) {
    next = absl::ZeroDuration();
    double best = std::numeric_limits<double>::infinity();
    for (const int length : Lengths(places, limits)) {
      const int rows = std::max(1, places / length);
      STRATA_ASSIGN_OR_RETURN(
          const ForwardTiming timing,
          TimeWell(runner, rows, length, limits.layers, clock));
      result.timings.push_back(timing);
      next += 2 * timing.time * (2 * timing.time < kSlow ? 2 : 1);
      best = std::min(best, absl::ToDoubleSeconds(timing.time) /
                                (static_cast<double>(rows) * length));
    }
    result.most_places = places;
    const bool worth_it = best <= cheapest * kWorthwhile;
    dearer = worth_it || places < kWorthPlaces ? 0 : dearer + 1;
    cheapest = std::min(cheapest, best);
  }
  return absl::OkStatus();
}

}  // namespace

Sequence SmallestWarmUp(int longest_pieces) {
  return MakeSequence(std::min(kLeastPlaces, longest_pieces),
                      std::numeric_limits<int>::max());
}

absl::StatusOr<WarmUpResult> WarmUp(Runner& runner, const WarmUpLimits& limits,
                                    const Clock& clock) {
  const absl::Time end = clock.Now() + limits.budget;
  WarmUpResult result;
  absl::Status status = TimeSizes(runner, limits, clock, end, result);
  if (result.timings.empty()) return status;
  if (status.ok()) {
    result.most_places =
        std::max(result.most_places, std::min(kWorthPlaces, limits.max_places));
  }
  const ForwardTiming& least = result.timings.front();
  for (int layers = 1; limits.layers_cut && layers < limits.layers; ++layers) {
    if (clock.Now() >= end) break;
    STRATA_RETURN_IF_ERROR(RunOnce(runner, least.rows, least.length, layers));
  }
  return result;
}

absl::StatusOr<absl::Duration> WarmUpAgain(
    Runner& runner, std::span<const ForwardTiming> timings, int layers,
    bool take_memory, const Clock& clock) {
  const ForwardTiming& least = timings.front();
  // What happens once is not measured.
  STRATA_RETURN_IF_ERROR(RunOnce(runner, least.rows, least.length, layers));
  STRATA_ASSIGN_OR_RETURN(
      const ForwardTiming now,
      TimeWell(runner, least.rows, least.length, layers, clock));
  const ForwardTiming& most = timings.back();
  // A device with less memory than before learns that while it serves.
  if (take_memory) {
    RunOnce(runner, most.rows, most.length, layers).IgnoreError();
  }
  return now.time;
}

}  // namespace strata
