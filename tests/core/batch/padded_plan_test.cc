// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/batch/padded_plan.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <ranges>
#include <string>
#include <vector>

#include "core/batch/cost.h"
#include "core/batch/plan.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

// A plan of one member a row.
BatchPlan Plan(const std::vector<int>& members, int length) {
  BatchPlan plan{.rows = {}, .length = length};
  for (const int member : members) plan.rows.push_back({.members = {member}});
  return plan;
}

struct PlanCase {
  std::string name;
  std::vector<int> pieces;  // The most urgent first.
  PlanLimits limits;
  BatchPlan expected;
  // Of a forward, where a place costs 1.
  double forward_cost = 64;
};

class PaddedPlanTable : public testing::TestWithParam<PlanCase> {};

TEST_P(PaddedPlanTable, ChoosesTheBatch) {
  const PlanCase& c = GetParam();
  EXPECT_EQ(PlanPadded(c.pieces, c.limits, CostModel(c.forward_cost)),
            c.expected);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, PaddedPlanTable,
    testing::Values(
        PlanCase{"Alone", {7}, {}, Plan({0}, 7)},
        PlanCase{"EqualLengthsTogether", {7, 7, 7}, {}, Plan({0, 1, 2}, 7)},
        PlanCase{"CloseLengthsTogether", {5, 9, 6}, {}, Plan({0, 1, 2}, 9)},
        // Padding 5 to 90 costs 85 places, another forward only 64.
        PlanCase{"LongCompanyIsLeft", {5, 90, 6}, {}, Plan({0, 2}, 6)},
        PlanCase{"TheUrgentOneGoesFirst", {90, 5, 6}, {}, Plan({0}, 90)},
        // At 25 places a forward, padding 5 to 30 costs as much as going alone:
        // the larger batch wins.
        PlanCase{"TiesGoTogether", {5, 30}, {}, Plan({0, 1}, 30), 25},
        PlanCase{"DearForwardsTakeMorePadding",
                 {5, 90, 6},
                 {},
                 Plan({0, 1, 2}, 90),
                 1000},
        PlanCase{"FreeForwardsTakeNone", {5, 6, 5}, {}, Plan({0, 2}, 5), 0},
        PlanCase{
            "RowsAreBounded", {4, 4, 4, 4, 4}, {.max_rows = 2}, Plan({0}, 4)},
        // What a batch_invariant model has: no company, so no padding.
        PlanCase{"OneRowIsOneSequenceAtItsOwnLength",
                 {5, 5, 9},
                 {.max_rows = 1},
                 Plan({0}, 5),
                 100000},
        PlanCase{"PlacesAreBounded",
                 {40, 40, 40},
                 {.max_padded_pieces = 80},
                 Plan({0}, 40)},
        PlanCase{"OverTheBoundAlone",
                 {200, 3},
                 {.max_padded_pieces = 100},
                 Plan({0}, 200)},
        PlanCase{"WithoutPaddingOnlyEqualLengths",
                 {5, 6, 5, 6, 5},
                 {.padding_exact = false},
                 Plan({0, 2, 4}, 5)},
        PlanCase{"LooksPastTheHead",
                 {100, 3, 101, 4, 99},
                 {},
                 Plan({0, 2, 4}, 101)}),
    [](const auto& test) { return test.param.name; });

// The sum of forward_cost + rows * length over the batches that result when the
// plan is asked again and again.
std::int64_t DrainCost(std::vector<int> pieces, const PlanLimits& limits,
                       int forward_cost) {
  std::int64_t cost = 0;
  while (!pieces.empty()) {
    const BatchPlan plan = PlanPadded(pieces, limits, CostModel(forward_cost));
    cost += forward_cost +
            (std::ssize(plan.rows) * static_cast<std::int64_t>(plan.length));
    for (const PlanRow& row : std::ranges::reverse_view(plan.rows)) {
      pieces.erase(pieces.begin() + row.members.at(0));
    }
  }
  return cost;
}

// The least cost of any cut of the set into batches, by trying all: batches are
// given as the set partitions of the sequences.
std::int64_t BruteForceCost(const std::vector<int>& pieces, std::size_t next,
                            std::vector<std::vector<int>>& batches,
                            const PlanLimits& limits, int forward_cost) {
  if (next == pieces.size()) {
    std::int64_t cost = 0;
    for (const auto& batch : batches) {
      const auto rows = std::ssize(batch);
      const auto [low, high] = std::ranges::minmax(batch);
      if (rows > 1 &&
          (rows > limits.max_rows || rows * high > limits.max_padded_pieces ||
           (!limits.padding_exact && low != high))) {
        return std::numeric_limits<std::int64_t>::max();
      }
      cost += forward_cost + (rows * high);
    }
    return cost;
  }
  std::int64_t best = std::numeric_limits<std::int64_t>::max();
  for (std::size_t i = 0; i <= batches.size(); ++i) {
    if (i == batches.size()) batches.emplace_back();
    batches[i].push_back(pieces[next]);
    best = std::min(
        best, BruteForceCost(pieces, next + 1, batches, limits, forward_cost));
    batches[i].pop_back();
    if (batches[i].empty()) batches.pop_back();
  }
  return best;
}

TEST(PlanPadded, DrainsAtTheLeastCostThereIs) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    const PlanLimits limits{
        .max_rows = 1 + static_cast<int>(random() % 4),
        .max_padded_pieces = 20 + static_cast<int>(random() % 60),
        .padding_exact = random() % 4 != 0};
    const int forward_cost = static_cast<int>(random() % 30);
    std::vector<int> pieces(1 + (random() % 7));
    for (int& length : pieces) length = 1 + static_cast<int>(random() % 30);
    std::vector<std::vector<int>> batches;
    ASSERT_EQ(DrainCost(pieces, limits, forward_cost),
              BruteForceCost(pieces, 0, batches, limits, forward_cost))
        << "round " << round;
  }
}

TEST(PlanPadded, OneRowIsAlwaysTheMostUrgentAlone) {
  std::mt19937 random(13);
  for (int round = 0; round < 300; ++round) {
    std::vector<int> pieces(1 + (random() % 64));
    for (int& length : pieces) length = 1 + static_cast<int>(random() % 300);
    ASSERT_EQ(PlanPadded(pieces, {.max_rows = 1}, CostModel()),
              Plan({0}, pieces[0]))
        << "round " << round;
  }
}

TEST(PlanPadded, KeepsItsPromisesOnRandomWindows) {
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    const PlanLimits limits{.max_rows = 8, .max_padded_pieces = 256};
    std::vector<int> pieces(1 + (random() % 256));
    for (int& length : pieces) length = 1 + static_cast<int>(random() % 300);
    const BatchPlan plan = PlanPadded(pieces, limits, CostModel());
    ASSERT_LE(std::ssize(plan.rows), limits.max_rows);
    std::vector<int> members;
    int longest = 0;
    for (const PlanRow& row : plan.rows) {
      members.push_back(row.members.at(0));
      longest = std::max(longest, pieces.at(members.back()));
    }
    ASSERT_EQ(plan.length, longest);
    ASSERT_EQ(members.front(), 0) << "the most urgent is left behind";
    ASSERT_TRUE(std::ranges::is_sorted(members));
    ASSERT_EQ(std::ranges::adjacent_find(members), members.end());
    if (members.size() > 1) {
      ASSERT_LE(std::ssize(members) * longest, limits.max_padded_pieces);
    }
  }
}

}  // namespace
}  // namespace strata
