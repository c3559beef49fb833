// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_BASE_CPU_COUNT_H_
#define STRATA_CORE_BASE_CPU_COUNT_H_

#include <filesystem>

namespace strata {

// How many CPUs' worth of time this process may use: the least of the CPUs it
// may run on and of the quotas of its control group and those above it,
// rounded down, at least 1. A container with a quota of two CPUs on a host of
// 64 must not start 64 threads: they would use the quota up early in each
// period and then all stand still.
//
// Understands cgroup v2 (cpu.max) and v1 (cpu.cfs_quota_us); where neither can
// be read there is no quota. `root` stands for "/" in tests.
int AvailableCpus(const std::filesystem::path& root = "/");

}  // namespace strata

#endif  // STRATA_CORE_BASE_CPU_COUNT_H_
