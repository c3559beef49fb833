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
  // At most `instances` forwards run at the same time. 0 CPUs: nothing is
  // divided, and threads() says so.
  CpuShare(int cpus, int instances) : cpus_(cpus), instances_(instances) {}

  // A worker begins to run forwards, or has none left.
  void Enter() { ++running_; }
  void Leave() { --running_; }

  // What each forward should have at the moment, at least 1. 0: what it has.
  int threads() const { return PartOf(running_.load()); }
  // The same whatever runs, for forwards whose sums must not be made up in
  // another order.
  int least_threads() const { return PartOf(instances_); }

 private:
  int PartOf(int forwards) const {
    if (cpus_ == 0) return 0;
    return std::max(1, cpus_ / std::max(1, forwards));
  }

  const int cpus_;
  const int instances_;
  std::atomic<int> running_ = 0;
};

}  // namespace strata

#endif  // STRATA_CORE_ENGINE_CPU_SHARE_H_
