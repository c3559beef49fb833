// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/engine/admission.h"

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "gtest/gtest.h"
#include "tests/fakes/recording_observer.h"

namespace strata {
namespace {

absl::Duration RetryAfter() { return absl::Seconds(3); }

TEST(Admission, BoundsRequests) {
  RecordingObserver observer;
  Admission admission({.max_requests = 2, .max_bytes = 1000}, RetryAfter,
                      observer);
  auto first = admission.Admit(1, "");
  auto second = admission.Admit(1, "");
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(observer.in_flight(), 2);
  const absl::Status full = admission.Admit(1, "").status();
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(full.message(), "2 requests are in flight, the most that may be");
  EXPECT_EQ(RetryAfterOf(full), absl::Seconds(3));
  first->reset();
  EXPECT_EQ(observer.in_flight(), 1);
  EXPECT_TRUE(admission.Admit(1, "").ok());
}

TEST(Admission, BoundsBytes) {
  RecordingObserver observer;
  Admission admission({.max_requests = 10, .max_bytes = 100}, RetryAfter,
                      observer);
  auto first = admission.Admit(60, "");
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(admission.Admit(41, "").status().message(),
            "requests of 60 bytes are in flight and this one has 41; at most "
            "100 may be");
  EXPECT_TRUE(admission.Admit(40, "").ok());
}

TEST(Admission, AnOversizedRequestIsAdmittedAlone) {
  RecordingObserver observer;
  Admission admission({.max_requests = 10, .max_bytes = 100}, RetryAfter,
                      observer);
  auto large = admission.Admit(1000, "");
  EXPECT_TRUE(large.ok());
  EXPECT_FALSE(admission.Admit(1, "").ok());
  large->reset();
  EXPECT_TRUE(admission.Admit(1, "").ok());
}

TEST(Admission, OneClientLeavesRoomForTheOthers) {
  RecordingObserver observer;
  Admission admission(
      {.max_requests = 4, .max_bytes = 1000, .max_client_share = 0.5},
      RetryAfter, observer);
  auto first = admission.Admit(1, "a");
  auto second = admission.Admit(1, "a");
  ASSERT_TRUE(second.ok());
  const absl::Status full = admission.Admit(1, "a").status();
  EXPECT_EQ(ReasonOf(full), Reason::kServerFull);
  EXPECT_EQ(full.message(),
            "2 requests of this client are in flight, the most that may be");
  EXPECT_EQ(RetryAfterOf(full), absl::Seconds(3));
  auto other = admission.Admit(1, "b");
  EXPECT_TRUE(other.ok());
  // Who is not known is bounded by the whole alone.
  auto unknown = admission.Admit(1, "");
  EXPECT_TRUE(unknown.ok());
  EXPECT_EQ(admission.Admit(1, "b").status().message(),
            "4 requests are in flight, the most that may be");
  unknown->reset();
  first->reset();
  EXPECT_TRUE(admission.Admit(1, "a").ok());
}

TEST(Admission, AClientHasAShareOfTheBytesToo) {
  RecordingObserver observer;
  Admission admission(
      {.max_requests = 10, .max_bytes = 100, .max_client_share = 0.5},
      RetryAfter, observer);
  // Alone it may be larger, but for the whole.
  auto large = admission.Admit(60, "a");
  ASSERT_TRUE(large.ok());
  EXPECT_EQ(admission.Admit(1, "a").status().message(),
            "requests of this client of 60 bytes are in flight and this one "
            "has 1; at most 50 may be");
  EXPECT_TRUE(admission.Admit(40, "b").ok());
  large->reset();
  EXPECT_TRUE(admission.Admit(50, "a").ok());
}

TEST(Admission, ASmallShareIsOneRequest) {
  RecordingObserver observer;
  Admission admission({.max_requests = 4, .max_client_share = 0.01}, RetryAfter,
                      observer);
  EXPECT_TRUE(admission.Admit(1, "a").ok());
}

}  // namespace
}  // namespace strata
