// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "strata/retry.h"

#include <algorithm>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "strata/status.h"

namespace strata {
namespace {

absl::Duration Backoff(const RetryPolicy& policy, int attempts) {
  absl::Duration backoff = policy.initial_backoff;
  for (int i = 1; i < attempts && backoff < policy.max_backoff; ++i) {
    backoff *= 2;
  }
  return std::min(backoff, policy.max_backoff);
}

}  // namespace

std::optional<absl::Duration> NextRetry(const RetryPolicy& policy,
                                        const absl::Status& status,
                                        int attempts, absl::Duration remaining,
                                        double jitter) {
  if (attempts >= policy.max_attempts) return std::nullopt;
  const auto named = RetryDelayOf(status);
  const bool passing = absl::IsUnavailable(status) ||
                       (absl::IsResourceExhausted(status) && named.has_value());
  if (!passing) return std::nullopt;
  const absl::Duration delay =
      named.has_value() ? *named * (1.0 + 0.2 * jitter)
                        : Backoff(policy, attempts) * (1.0 - 0.5 * jitter);
  if (delay >= remaining) return std::nullopt;
  return delay;
}

}  // namespace strata
