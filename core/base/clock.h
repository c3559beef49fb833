// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_BASE_CLOCK_H_
#define STRATA_CORE_BASE_CLOCK_H_

#include "absl/time/time.h"

namespace strata {

// Where time comes from, so that tests can turn it by hand (see
// tests/fakes/fake_clock.h). Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  // The time now. The real clock's does not go backwards within a process.
  virtual absl::Time Now() const = 0;

  // The machine's clock; lives as long as the process.
  static const Clock& Real();
};

}  // namespace strata

#endif  // STRATA_CORE_BASE_CLOCK_H_
