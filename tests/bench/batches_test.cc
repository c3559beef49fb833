// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/batches.h"

#include <vector>

#include "core/batch/plan.h"
#include "gtest/gtest.h"

namespace strata::bench {
namespace {

TEST(SortedBatchesTest, TakesAsManyAsTheBudgetHolds) {
  const std::vector<int> pieces = {3, 9, 4, 5, 30};
  const std::vector<BatchPlan> expected = {
      {.rows = {{{4}}}, .length = 30},  // Longer than the budget: alone.
      {.rows = {{{1}}, {{3}}}, .length = 9},
      {.rows = {{{2}}, {{0}}}, .length = 4}};
  EXPECT_EQ(SortedBatches(pieces, 20), expected);
}

TEST(PackedBatchesTest, FillsTheFirstRowWithRoom) {
  const std::vector<int> pieces = {3, 9, 4, 5, 30, 6};
  const std::vector<BatchPlan> expected = {
      {.rows = {{{4}}}, .length = 30},  // Longer than a row: alone.
      {.rows = {{{1}}, {{5, 2}}}, .length = 10},
      {.rows = {{{3, 0}}}, .length = 8}};
  EXPECT_EQ(PackedBatches(pieces, 10, 2), expected);
}

TEST(SingleBatchesTest, KeepsTheOrder) {
  const std::vector<BatchPlan> expected = {{.rows = {{{0}}}, .length = 7},
                                           {.rows = {{{1}}}, .length = 2}};
  EXPECT_EQ(SingleBatches(std::vector{7, 2}), expected);
}

TEST(WorkTest, CountsPlacesAndPairsOfThem) {
  const std::vector<BatchPlan> batches = {
      {.rows = {{{0, 1}}, {{2}}}, .length = 10},
      {.rows = {{{3}}}, .length = 4}};
  EXPECT_EQ(WorkOf(batches), (Work{.places = 24, .pairs = 216}));
}

TEST(WorkTest, OfTextsAloneHasNoPadding) {
  EXPECT_EQ(UsefulWork(std::vector{3, 4}), (Work{.places = 7, .pairs = 25}));
}

}  // namespace
}  // namespace strata::bench
