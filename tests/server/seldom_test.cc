// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/seldom.h"

#include <optional>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

TEST(SeldomTest, TellsOnceASecondAndHowManyWereLeftOut) {
  Seldom seldom;
  const absl::Time begin = absl::UnixEpoch();
  EXPECT_EQ(seldom.Take(begin), 0);
  EXPECT_EQ(seldom.Take(begin), std::nullopt);
  EXPECT_EQ(seldom.Take(begin + absl::Milliseconds(999)), std::nullopt);
  EXPECT_EQ(seldom.Take(begin + absl::Seconds(1)), 2);
  EXPECT_EQ(seldom.Take(begin + absl::Milliseconds(1999)), std::nullopt);
  EXPECT_EQ(seldom.Take(begin + absl::Hours(1)), 1);
  EXPECT_EQ(seldom.Take(begin + absl::Hours(2)), 0);
}

}  // namespace
}  // namespace strata
