// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/base/budget.h"

#include <optional>

#include "gtest/gtest.h"

namespace strata {
namespace {

TEST(Budget, BoundsTheWhole) {
  Budget budget(100, 1);
  budget.Take(60, "");
  EXPECT_EQ(budget.Check(40, ""), std::nullopt);
  const auto full = budget.Check(41, "");
  ASSERT_TRUE(full.has_value());
  EXPECT_EQ(full->held, 60);
  EXPECT_EQ(full->most, 100);
  EXPECT_FALSE(full->of_client);
  budget.Give(20, "");
  EXPECT_EQ(budget.held(), 40);
  EXPECT_EQ(budget.Check(60, ""), std::nullopt);
}

TEST(Budget, BoundsTheClientsWhoAreKnown) {
  Budget budget(100, 0.5);
  budget.Take(30, "a");
  budget.Take(10, "");
  const auto full = budget.Check(21, "a");
  ASSERT_TRUE(full.has_value());
  EXPECT_EQ(full->held, 30);
  EXPECT_EQ(full->most, 50);
  EXPECT_TRUE(full->of_client);
  EXPECT_EQ(budget.Check(21, "b"), std::nullopt);
  EXPECT_EQ(budget.Check(60, ""), std::nullopt);
  budget.Give(30, "a");
  EXPECT_EQ(budget.held(), 10);
  EXPECT_EQ(budget.Check(50, "a"), std::nullopt);
}

TEST(Budget, WhatIsLargerThanABoundFitsAlone) {
  Budget budget(100, 0.5);
  EXPECT_EQ(budget.Check(1000, "a"), std::nullopt);
  budget.Take(60, "a");
  EXPECT_TRUE(budget.Check(1, "a").has_value());
  EXPECT_EQ(budget.Check(40, "b"), std::nullopt);
  EXPECT_TRUE(budget.Check(41, "b").has_value());
}

TEST(Budget, ASmallShareIsOne) {
  Budget budget(4, 0.01);
  EXPECT_EQ(budget.Check(1, "a"), std::nullopt);
  budget.Take(1, "a");
  EXPECT_TRUE(budget.Check(1, "a").has_value());
}

}  // namespace
}  // namespace strata
