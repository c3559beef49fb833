// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CPP_RETRY_H_
#define STRATA_CLIENT_CPP_RETRY_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace strata {

// When a failed call is made again. gRPC has retries of its own, but they do
// not read google.rpc.RetryInfo and give up on requests over 256 KiB.
struct RetryPolicy {
  // Calls made in all, the first included. 1: never retry.
  int max_attempts = 4;
  // Longest wait before the second call where the server names none; it doubles
  // for each further one, up to max_backoff.
  absl::Duration initial_backoff = absl::Milliseconds(100);
  absl::Duration max_backoff = absl::Seconds(5);
};

// How long to wait before the next call; nullopt: give up and return `status`.
//
// Only what can pass by itself is tried again: UNAVAILABLE, and
// RESOURCE_EXHAUSTED with RetryInfo (without it the request is too large, and
// always will be). The server's delay is honoured, never shortened. Nothing is
// retried that would begin after the deadline.
//
// `attempts` were made so far, `remaining` is left of the deadline. `jitter`,
// in [0, 1), spreads the calls of many clients: it shortens a back-off by up to
// half and lengthens the server's delay by up to a fifth.
std::optional<absl::Duration> NextRetry(const RetryPolicy& policy,
                                        const absl::Status& status,
                                        int attempts, absl::Duration remaining,
                                        double jitter);

}  // namespace strata

#endif  // STRATA_CLIENT_CPP_RETRY_H_
