// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/tally.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace strata::bench {

double Percentile(std::span<const double> sorted, double share) {
  if (sorted.empty()) return 0;
  const double rank = std::ceil(share * static_cast<double>(sorted.size()));
  const auto index = static_cast<std::ptrdiff_t>(rank) - 1;
  return sorted[std::clamp<std::ptrdiff_t>(index, 0, std::ssize(sorted) - 1)];
}

Json LatencyJson(std::vector<double> seconds) {
  std::ranges::sort(seconds);
  const auto milliseconds = [&](double share) {
    return 1e3 * Percentile(seconds, share);
  };
  return {{"count", seconds.size()},         {"p50_ms", milliseconds(0.5)},
          {"p90_ms", milliseconds(0.9)},     {"p99_ms", milliseconds(0.99)},
          {"p99_9_ms", milliseconds(0.999)}, {"longest_ms", milliseconds(1)}};
}

Tally::Tally(std::vector<int> classes)
    : classes_(std::move(classes)), class_seconds_(classes_.size()) {}

void Tally::Count(const Ended& ended) {
  if (ended.outcome != "OK") {
    ++failures_[ended.outcome];
    return;
  }
  seconds_.push_back(ended.seconds);
  texts_ += ended.texts;
  pieces_ += ended.pieces;
  bytes_ += ended.bytes;
  if (classes_.empty()) return;
  const auto bound = std::ranges::lower_bound(classes_, ended.longest);
  const auto index =
      std::min(bound - classes_.begin(), std::ssize(classes_) - 1);
  class_seconds_[index].push_back(ended.seconds);
}

Json Tally::ToJson(double seconds) const {
  const auto rate = [seconds](std::int64_t count) {
    return static_cast<double>(count) / seconds;
  };
  Json classes = Json::array();
  for (std::size_t i = 0; i < classes_.size(); ++i) {
    Json latency = LatencyJson(class_seconds_[i]);
    latency["most_pieces"] = classes_[i];
    classes.push_back(std::move(latency));
  }
  return {{"seconds", seconds},
          {"texts", texts_},
          {"pieces", pieces_},
          {"texts_per_second", rate(texts_)},
          {"pieces_per_second", rate(pieces_)},
          {"bytes_per_second", rate(bytes_)},
          {"latency", LatencyJson(seconds_)},
          {"classes", std::move(classes)},
          {"failures", failures_}};
}

}  // namespace strata::bench
