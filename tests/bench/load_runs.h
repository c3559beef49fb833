// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_BENCH_LOAD_RUNS_H_
#define STRATA_TESTS_BENCH_LOAD_RUNS_H_

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/bench/requests.h"
#include "tests/bench/tally.h"

namespace strata::bench {

// What all runs have in common.
struct LoadOptions {
  std::string address;
  std::string method;
  int connections = 1;
  // Before anything counts, and then while it does.
  double warm_up_seconds = 0;
  double seconds = 0;
  // See Tally.
  std::vector<int> classes;
  // The server, whose CPU time and memory are told. 0: not.
  pid_t server = 0;
  // Keep the answers, and tell what their forwards computed.
  bool with_work = false;
};

// Closed loop: `in_flight` requests at any time, the next as soon as one has
// ended. The requests take turns.
absl::StatusOr<Json> RunClosed(std::span<const Request> requests,
                               const LoadOptions& options, int in_flight);

// Open loop: requests at random times, `rate` a second on average (a Poisson
// process; the same for the same seed), whether or not others have ended.
// Latency counts from when a request was to be sent. What has not ended
// `drain_seconds` after the last is cancelled, and counts as CANCELLED.
absl::StatusOr<Json> RunOpen(std::span<const Request> requests,
                             const LoadOptions& options, double rate,
                             std::uint32_t seed, double drain_seconds);

// Sends all of `requests` at once, cancels them after `pause_seconds`, and
// sends one of `probes` right then: its latency beside the same alone, `rounds`
// times over.
absl::StatusOr<Json> RunAfterCancel(std::span<const Request> requests,
                                    std::span<const Request> probes,
                                    const LoadOptions& options, int rounds,
                                    double pause_seconds);

}  // namespace strata::bench

#endif  // STRATA_TESTS_BENCH_LOAD_RUNS_H_
