// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/batch/packed_plan.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <ranges>
#include <set>
#include <string>
#include <vector>

#include "core/batch/cost.h"
#include "core/batch/plan.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

struct PackedCase {
  std::string name;
  std::vector<int> pieces;  // The most urgent first.
  PlanLimits limits;
  BatchPlan expected;
};

class PackedPlanTable : public testing::TestWithParam<PackedCase> {};

TEST_P(PackedPlanTable, ChoosesTheBatch) {
  const PackedCase& c = GetParam();
  EXPECT_EQ(PlanPacked(c.pieces, c.limits, CostModel()), c.expected);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, PackedPlanTable,
    testing::Values(
        PackedCase{"Alone", {7}, {}, {.rows = {{{0}}}, .length = 7}},
        PackedCase{"AllInOneRow",
                   {5, 90, 6},
                   {},
                   {.rows = {{{0, 1, 2}}}, .length = 101}},
        PackedCase{"ARowIsNoLongerThanTheModelTakes",
                   {3, 7, 4, 6},
                   {.max_row_pieces = 10},
                   {.rows = {{{0, 1}}, {{3, 2}}}, .length = 10}},
        // As many places cost as much here; shorter rows have less attention.
        PackedCase{"NoLongerRowForNothing",
                   {5, 5, 5, 5},
                   {.max_row_pieces = 10},
                   {.rows = {{{0}}, {{1}}, {{2}}, {{3}}}, .length = 5}},
        PackedCase{"RowsAreBounded",
                   {8, 8, 8},
                   {.max_rows = 1, .max_row_pieces = 16},
                   {.rows = {{{0, 1}}}, .length = 16}},
        PackedCase{"PlacesAreBounded",
                   {30, 50, 40},
                   {.max_padded_pieces = 80},
                   {.rows = {{{0, 1}}}, .length = 80}},
        PackedCase{"OverTheBoundAlone",
                   {200, 3},
                   {.max_padded_pieces = 100},
                   {.rows = {{{0}}}, .length = 200}},
        // After the most urgent always the longest that fits; of equals, the
        // more urgent.
        PackedCase{"TheLongestThatFitsComesNext",
                   {4, 3, 6, 6},
                   {.max_rows = 1, .max_row_pieces = 10},
                   {.rows = {{{0, 2}}}, .length = 10}}),
    [](const auto& test) { return test.param.name; });

TEST(PlanPacked, KeepsItsPromisesOnRandomWindows) {
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    const PlanLimits limits{
        .max_rows = 8, .max_padded_pieces = 256, .max_row_pieces = 128};
    std::vector<int> pieces(1 + (random() % 256));
    for (int& length : pieces) length = 1 + static_cast<int>(random() % 300);
    const BatchPlan plan = PlanPacked(pieces, limits, CostModel());
    ASSERT_LE(std::ssize(plan.rows), limits.max_rows);
    std::set<int> members;
    int longest = 0;
    for (const PlanRow& row : plan.rows) {
      int used = 0;
      for (const int member : row.members) {
        ASSERT_TRUE(members.insert(member).second) << "twice in the batch";
        used += pieces.at(member);
      }
      longest = std::max(longest, used);
    }
    ASSERT_TRUE(members.contains(0)) << "the most urgent is left behind";
    ASSERT_EQ(plan.length, longest);
    if (members.size() > 1) {
      ASSERT_LE(std::ssize(plan.rows) * plan.length, limits.max_padded_pieces);
    }
  }
}

TEST(PlanPacked, FillsItsRowsWhenManyWait) {
  std::mt19937 random(5);
  std::lognormal_distribution<double> lengths(3.2, 0.9);
  std::vector<int> waiting;
  std::int64_t places = 0;
  std::int64_t useful = 0;
  for (int batch = 0; batch < 100; ++batch) {
    while (waiting.size() < 256) {
      waiting.push_back(std::clamp(static_cast<int>(lengths(random)), 1, 512));
    }
    const BatchPlan plan =
        PlanPacked(waiting, {.max_row_pieces = 512}, CostModel());
    places += std::ssize(plan.rows) * std::int64_t{plan.length};
    std::set<int> members;
    for (const PlanRow& row : plan.rows) {
      members.insert(row.members.begin(), row.members.end());
    }
    for (const int member : std::views::reverse(members)) {
      useful += waiting[member];
      waiting.erase(waiting.begin() + member);
    }
  }
  EXPECT_GE(static_cast<double>(useful) / static_cast<double>(places), 0.98);
}

}  // namespace
}  // namespace strata
