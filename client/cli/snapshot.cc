// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/snapshot.h"

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "client/cli/metrics_text.h"

namespace strata::cli {
namespace {

// "+Inf" too.
double BoundOf(const Sample& sample) {
  double bound = 0;
  return absl::SimpleAtod(sample.Label("le"), &bound)
             ? bound
             : std::numeric_limits<double>::quiet_NaN();
}

void AddToModel(const Sample& sample, Snapshot& snapshot) {
  ModelCounts& model = snapshot.models[sample.Label("model")];
  if (sample.name == "strata_requests_total") {
    model.requests += sample.value;
    if (sample.Label("code") != "OK") model.failed += sample.value;
  } else if (sample.name == "strata_pieces_total") {
    model.pieces = sample.value;
  } else if (sample.name == "strata_stage_duration_seconds_bucket") {
    const double bound = BoundOf(sample);
    if (!std::isnan(bound)) {
      model.stages[sample.Label("stage")][bound] = sample.value;
    }
  }
}

void AddState(const Sample& sample, Snapshot& snapshot) {
  int version = 0;
  if (sample.value == 1 &&
      absl::SimpleAtoi(sample.Label("version"), &version)) {
    snapshot.states[sample.Label("model")][version] = sample.Label("state");
  }
}

}  // namespace

std::optional<Quantile> QuantileOf(const Buckets& buckets, double share) {
  if (buckets.empty() || buckets.rbegin()->second <= 0) return std::nullopt;
  const double rank = share * buckets.rbegin()->second;
  double below = 0;
  double seen = 0;
  for (const auto& [bound, count] : buckets) {
    if (count >= rank && count > seen) {
      if (std::isinf(bound)) return Quantile{.value = below, .beyond = true};
      return Quantile{.value = below + (bound - below) * (rank - seen) /
                                           (count - seen)};
    }
    below = bound;
    seen = count;
  }
  return std::nullopt;
}

Snapshot SnapshotOf(const std::vector<Sample>& samples) {
  Snapshot snapshot;
  for (const Sample& sample : samples) {
    if (sample.name == "strata_build_info") {
      snapshot.server_version = sample.Label("version");
    } else if (sample.name == "strata_in_flight_requests") {
      snapshot.in_flight = sample.value;
    } else if (sample.name == "strata_queue_depth_inputs") {
      snapshot.waiting = sample.value;
    } else if (sample.name == "strata_model_state") {
      AddState(sample, snapshot);
    } else if (sample.labels.contains("model")) {
      AddToModel(sample, snapshot);
    }
  }
  return snapshot;
}

ModelCounts Between(const ModelCounts& before, const ModelCounts& after) {
  if (after.requests < before.requests || after.pieces < before.pieces) {
    return after;
  }
  ModelCounts counts = after;
  counts.requests -= before.requests;
  counts.failed -= before.failed;
  counts.pieces -= before.pieces;
  for (auto& [stage, buckets] : counts.stages) {
    const auto earlier = before.stages.find(stage);
    if (earlier == before.stages.end()) continue;
    for (auto& [bound, count] : buckets) {
      const auto found = earlier->second.find(bound);
      if (found != earlier->second.end()) count -= found->second;
    }
  }
  return counts;
}

}  // namespace strata::cli
