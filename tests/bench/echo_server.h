// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_BENCH_ECHO_SERVER_H_
#define STRATA_TESTS_BENCH_ECHO_SERVER_H_

#include "absl/status/status.h"

namespace strata::bench {

// The method that it answers; it takes any.
constexpr const char* kEchoMethod = "/bench.Echo/Echo";

// Answers each call with as many bytes as its request says in decimal digits,
// out of memory that is there already: as fast as gRPC can. Says "listening on
// HOST:PORT" on standard output, and serves until standard input ends. Error:
// no port could be had.
absl::Status RunEchoServer();

}  // namespace strata::bench

#endif  // STRATA_TESTS_BENCH_ECHO_SERVER_H_
