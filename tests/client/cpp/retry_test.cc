// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "strata/retry.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "strata/status.h"
#include "tests/client/fake_server.h"

namespace strata {
namespace {

constexpr RetryPolicy kPolicy = {.max_attempts = 4,
                                 .initial_backoff = absl::Milliseconds(100),
                                 .max_backoff = absl::Milliseconds(300)};
constexpr absl::Duration kLong = absl::Seconds(60);

absl::Status Full(int retry_after_ms) {
  return StatusFromGrpc(FullStatus("full", retry_after_ms));
}

struct Row {
  std::string name;
  absl::Status status;
  int attempts;
  absl::Duration remaining;
  double jitter;
  std::optional<absl::Duration> expected;
};

class NextRetryTest : public testing::TestWithParam<Row> {};

TEST_P(NextRetryTest, Decides) {
  const Row& row = GetParam();
  EXPECT_EQ(
      NextRetry(kPolicy, row.status, row.attempts, row.remaining, row.jitter),
      row.expected);
}

const absl::Status kDown = absl::UnavailableError("down");

INSTANTIATE_TEST_SUITE_P(
    Table, NextRetryTest,
    testing::Values(
        Row{"First", kDown, 1, kLong, 0, absl::Milliseconds(100)},
        Row{"Doubles", kDown, 2, kLong, 0, absl::Milliseconds(200)},
        Row{"UpToTheMost", kDown, 3, kLong, 0, absl::Milliseconds(300)},
        Row{"Bounded", kDown, 4, kLong, 0, std::nullopt},
        Row{"JitterShortens", kDown, 1, kLong, 0.5, absl::Milliseconds(75)},
        Row{"NotPastTheDeadline", kDown, 1, absl::Milliseconds(100), 0,
            std::nullopt},
        Row{"JustBeforeTheDeadline", kDown, 1, absl::Milliseconds(101), 0,
            absl::Milliseconds(100)},
        Row{"FullAsTheServerSays", Full(1500), 1, kLong, 0,
            absl::Milliseconds(1500)},
        Row{"JitterLengthensWhatTheServerSays", Full(1000), 1, kLong, 0.5,
            absl::Milliseconds(1100)},
        Row{"FullForTooLong", Full(1500), 1, absl::Seconds(1), 0, std::nullopt},
        Row{"FullWithoutADelayIsTooLargeARequest",
            absl::ResourceExhaustedError("message larger than max"), 1, kLong,
            0, std::nullopt},
        Row{"InvalidArgument", absl::InvalidArgumentError("x"), 1, kLong, 0,
            std::nullopt},
        Row{"Internal", absl::InternalError("x"), 1, kLong, 0, std::nullopt},
        Row{"DeadlineExceeded", absl::DeadlineExceededError("x"), 1, kLong, 0,
            std::nullopt}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace strata
