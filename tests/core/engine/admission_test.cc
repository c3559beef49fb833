// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/engine/admission.h"

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "core/base/error.h"
#include "gtest/gtest.h"
#include "tests/fakes/recording_observer.h"

namespace strata {
namespace {

TEST(Admission, BoundsRequests) {
  RecordingObserver observer;
  Admission admission(2, 1000, observer);
  auto first = admission.Admit(1);
  auto second = admission.Admit(1);
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(observer.in_flight(), 2);
  const absl::Status full = admission.Admit(1).status();
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(full.message(), "2 requests are in flight, the most that may be");
  EXPECT_TRUE(RetryAfterOf(full).has_value());
  first->reset();
  EXPECT_EQ(observer.in_flight(), 1);
  EXPECT_TRUE(admission.Admit(1).ok());
}

TEST(Admission, BoundsBytes) {
  RecordingObserver observer;
  Admission admission(10, 100, observer);
  auto first = admission.Admit(60);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(admission.Admit(41).status().message(),
            "requests of 60 bytes are in flight and this one has 41; at most "
            "100 may be");
  EXPECT_TRUE(admission.Admit(40).ok());
}

TEST(Admission, AnOversizedRequestIsAdmittedAlone) {
  RecordingObserver observer;
  Admission admission(10, 100, observer);
  auto large = admission.Admit(1000);
  EXPECT_TRUE(large.ok());
  EXPECT_FALSE(admission.Admit(1).ok());
  large->reset();
  EXPECT_TRUE(admission.Admit(1).ok());
}

}  // namespace
}  // namespace strata
