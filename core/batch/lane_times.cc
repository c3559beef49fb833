// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/batch/lane_times.h"

#include <map>
#include <optional>

#include "absl/time/time.h"

namespace strata {

void LaneTimes::Learn(const Lane& lane, absl::Duration time, double work) {
  // Share that the batches before the last keep.
  constexpr double kMemory = 0.9;
  const auto [known, added] =
      taken_.try_emplace(lane, Taken{.time = time, .work = work});
  if (!added) {
    known->second = {.time = (kMemory * known->second.time) + time,
                     .work = (kMemory * known->second.work) + work};
    return;
  }
  std::erase_if(taken_,
                [](const auto& entry) { return entry.first.expired(); });
}

std::optional<absl::Duration> LaneTimes::Predict(const Lane& lane,
                                                 double work) const {
  const auto known = taken_.find(lane);
  if (known == taken_.end()) return std::nullopt;
  return known->second.time * (work / known->second.work);
}

}  // namespace strata
