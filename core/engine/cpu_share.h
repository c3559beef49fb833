// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_ENGINE_CPU_SHARE_H_
#define STRATA_CORE_ENGINE_CPU_SHARE_H_

#include <algorithm>
#include <atomic>

namespace strata {

// Divides the CPUs between the forwards that run on them: one by itself has all
// of them as threads of its operators, of several each has an equal part. Two
// forwards of one thread each do more than one of two threads, which wait for
// each other after every operator (deploy/adr/0014).
//
// Thread-safe.
class CpuShare {
 public:
  // 0: nothing is divided, and threads() says so.
  explicit CpuShare(int cpus) : cpus_(cpus) {}

  // A worker begins to run forwards, or has none left.
  void Enter() { ++running_; }
  void Leave() { --running_; }

  // What each forward should have at the moment, at least 1. 0: what it has.
  int threads() const {
    if (cpus_ == 0) return 0;
    return std::max(1, cpus_ / std::max(1, running_.load()));
  }

 private:
  const int cpus_;
  std::atomic<int> running_ = 0;
};

}  // namespace strata

#endif  // STRATA_CORE_ENGINE_CPU_SHARE_H_
