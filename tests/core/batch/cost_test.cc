// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/batch/cost.h"

#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

ForwardTiming Timing(int rows, int length, double milliseconds) {
  return {
      .rows = rows, .length = length, .time = absl::Milliseconds(milliseconds)};
}

TEST(CostModelTest, UnmeasuredItCountsPlacesAndForwards) {
  const CostModel cost(10);
  EXPECT_EQ(cost.Cost(1, 1), 11);
  EXPECT_EQ(cost.Cost(4, 25), 110);
}

// Measured: 2 ms a forward, 0.01 ms a place, 0.0001 ms for rows * length^2.
double Truth(int rows, int length) {
  const double places = static_cast<double>(rows) * length;
  return 2 + (0.01 * places) + (0.0001 * places * length);
}

CostModel Fitted() {
  std::vector<ForwardTiming> timings;
  for (const int places : {16, 64, 256, 1024}) {
    for (const int length : {16, 64}) {
      if (length > places) continue;
      const int rows = places / length;
      timings.push_back(Timing(rows, length, Truth(rows, length)));
    }
  }
  return CostModel::Fit(timings);
}

TEST(CostModelTest, FindsWhatMadeTheTimes) {
  const CostModel cost = Fitted();
  for (const int rows : {1, 3, 16, 64}) {
    for (const int length : {16, 40, 100, 512}) {
      EXPECT_NEAR(cost.Cost(rows, length) * 1000, Truth(rows, length),
                  1e-6 * Truth(rows, length))
          << rows << " rows of " << length;
    }
  }
}

TEST(CostModelTest, LessThanTheSmallestCostsAsMuch) {
  const CostModel cost =
      CostModel::Fit(std::vector{Timing(1, 16, 5), Timing(1, 32, 9)});
  EXPECT_DOUBLE_EQ(cost.Cost(1, 2), cost.Cost(1, 16));
}

// A larger batch that took less shows that the smaller one was disturbed.
TEST(CostModelTest, NoiseNeverMakesLargerBatchesCheaper) {
  const CostModel cost = CostModel::Fit(
      std::vector{Timing(1, 16, 50), Timing(1, 32, 9), Timing(1, 64, 17)});
  EXPECT_NEAR(cost.Cost(1, 16), 0.009, 1e-9);
  EXPECT_NEAR(cost.Cost(1, 64), 0.017, 1e-9);
}

// A model that is loaded while the machine has other work would else be served
// one text at a time for good.
TEST(CostModelTest, ALargerBatchThatSeemsDearerIsWorthATry) {
  CostModel cost = CostModel::Fit(
      std::vector{Timing(1, 16, 2), Timing(1, 32, 30), Timing(1, 64, 40)});
  EXPECT_NEAR(cost.Cost(1, 32), 0.004, 1e-9);
  EXPECT_NEAR(cost.Cost(1, 64), 0.008, 1e-9);
  // If it is, that is learnt.
  for (int i = 0; i < 100; ++i) cost.Correct(Timing(1, 64, 40));
  EXPECT_NEAR(cost.Cost(1, 64), 0.040, 0.002);
}

TEST(CostModelTest, OneTimingIsInProportion) {
  const CostModel cost = CostModel::Fit(std::vector{Timing(1, 10, 10)});
  EXPECT_NEAR(cost.Cost(2, 10), 0.020, 1e-9);
}

TEST(CostModelTest, LearnsWhatForwardsReallyTake) {
  CostModel cost = Fitted();
  for (int i = 0; i < 200; ++i) {
    cost.Correct(Timing(8, 32, 1.5 * Truth(8, 32)));
  }
  EXPECT_NEAR(cost.Cost(8, 32) * 1000, 1.5 * Truth(8, 32), 0.02 * Truth(8, 32));
}

TEST(CostModelTest, OneOutlierChangesLittle) {
  CostModel cost = Fitted();
  cost.Correct(Timing(8, 32, 1000 * Truth(8, 32)));
  EXPECT_LE(cost.Cost(8, 32) * 1000, 1.06 * Truth(8, 32));
}

TEST(CostModelTest, UnmeasuredItIsNotCorrected) {
  CostModel cost(10);
  cost.Correct(Timing(4, 25, 1));
  EXPECT_EQ(cost.Cost(4, 25), 110);
}

}  // namespace
}  // namespace strata
