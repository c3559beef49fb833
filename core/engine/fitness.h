// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_ENGINE_FITNESS_H_
#define STRATA_CORE_ENGINE_FITNESS_H_

#include <set>

#include "absl/status/status.h"
#include "core/model/model.h"

namespace strata {

// What of an engine does not compute at the moment, though it should.
struct Fitness {
  // OK, or DEVICE_LOST and why: a forward does not come to its end, or a device
  // takes no more of them.
  absl::Status devices;
  // Whether nothing helps any more but another process.
  bool lost = false;
  // Forwards that do not come to their end.
  int stuck_forwards = 0;
  // Models that fail on whatever they are given.
  std::set<ModelId> failing;

  friend bool operator==(const Fitness&, const Fitness&) = default;
};

}  // namespace strata

#endif  // STRATA_CORE_ENGINE_FITNESS_H_
