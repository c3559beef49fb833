// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_BENCH_PROCESS_USE_H_
#define STRATA_TESTS_BENCH_PROCESS_USE_H_

#include <sys/types.h>

#include <cstdint>

#include "absl/status/statusor.h"

namespace strata::bench {

// What a process has used since it started.
struct ProcessUse {
  // Of all its threads, user and system, those that have ended too.
  double cpu_seconds = 0;
  // The most memory that it held at once.
  std::int64_t peak_bytes = 0;
};

// Of process `pid`, of this user; 0 is this process. Error: NOT_FOUND.
absl::StatusOr<ProcessUse> ReadProcessUse(pid_t pid);

// CPU seconds that this process has used.
double OwnCpuSeconds();

}  // namespace strata::bench

#endif  // STRATA_TESTS_BENCH_PROCESS_USE_H_
