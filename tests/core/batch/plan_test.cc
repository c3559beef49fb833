// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/batch/plan.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <ranges>
#include <string>
#include <vector>

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
};

class PlanTable : public testing::TestWithParam<PlanCase> {};

TEST_P(PlanTable, ChoosesTheBatch) {
  const PlanCase& c = GetParam();
  EXPECT_EQ(PlanBatch(c.pieces, c.limits), c.expected);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, PlanTable,
    testing::Values(
        PlanCase{"Alone", {7}, {}, Plan({0}, 7)},
        PlanCase{"EqualLengthsTogether", {7, 7, 7}, {}, Plan({0, 1, 2}, 7)},
        PlanCase{"CloseLengthsTogether", {5, 9, 6}, {}, Plan({0, 1, 2}, 9)},
        // Padding 5 to 90 costs 85 places, another forward only 64.
        PlanCase{"LongCompanyIsLeft", {5, 90, 6}, {}, Plan({0, 2}, 6)},
        PlanCase{"TheUrgentOneGoesFirst", {90, 5, 6}, {}, Plan({0}, 90)},
        // At 25 places a forward, padding 5 to 30 costs as much as going alone:
        // the larger batch wins.
        PlanCase{
            "TiesGoTogether", {5, 30}, {.forward_cost = 25}, Plan({0, 1}, 30)},
        PlanCase{"DearForwardsTakeMorePadding",
                 {5, 90, 6},
                 {.forward_cost = 1000},
                 Plan({0, 1, 2}, 90)},
        PlanCase{"FreeForwardsTakeNone",
                 {5, 6, 5},
                 {.forward_cost = 0},
                 Plan({0, 2}, 5)},
        PlanCase{
            "RowsAreBounded", {4, 4, 4, 4, 4}, {.max_rows = 2}, Plan({0}, 4)},
        // What a batch_invariant model has: no company, so no padding.
        PlanCase{"OneRowIsOneSequenceAtItsOwnLength",
                 {5, 5, 9},
                 {.max_rows = 1, .forward_cost = 100000},
                 Plan({0}, 5)},
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
std::int64_t DrainCost(std::vector<int> pieces, const PlanLimits& limits) {
  std::int64_t cost = 0;
  while (!pieces.empty()) {
    const BatchPlan plan = PlanBatch(pieces, limits);
    cost += limits.forward_cost +
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
                            const PlanLimits& limits) {
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
      cost += limits.forward_cost + (rows * high);
    }
    return cost;
  }
  std::int64_t best = std::numeric_limits<std::int64_t>::max();
  for (std::size_t i = 0; i <= batches.size(); ++i) {
    if (i == batches.size()) batches.emplace_back();
    batches[i].push_back(pieces[next]);
    best = std::min(best, BruteForceCost(pieces, next + 1, batches, limits));
    batches[i].pop_back();
    if (batches[i].empty()) batches.pop_back();
  }
  return best;
}

TEST(PlanBatch, DrainsAtTheLeastCostThereIs) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    const PlanLimits limits{
        .max_rows = 1 + static_cast<int>(random() % 4),
        .max_padded_pieces = 20 + static_cast<int>(random() % 60),
        .padding_exact = random() % 4 != 0,
        .forward_cost = static_cast<int>(random() % 30)};
    std::vector<int> pieces(1 + (random() % 7));
    for (int& length : pieces) length = 1 + static_cast<int>(random() % 30);
    std::vector<std::vector<int>> batches;
    ASSERT_EQ(DrainCost(pieces, limits),
              BruteForceCost(pieces, 0, batches, limits))
        << "round " << round;
  }
}

TEST(PlanBatch, OneRowIsAlwaysTheMostUrgentAlone) {
  std::mt19937 random(13);
  for (int round = 0; round < 300; ++round) {
    std::vector<int> pieces(1 + (random() % 64));
    for (int& length : pieces) length = 1 + static_cast<int>(random() % 300);
    ASSERT_EQ(PlanBatch(pieces, {.max_rows = 1}), Plan({0}, pieces[0]))
        << "round " << round;
  }
}

TEST(PlanBatch, KeepsItsPromisesOnRandomWindows) {
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    const PlanLimits limits{.max_rows = 8, .max_padded_pieces = 256};
    std::vector<int> pieces(1 + (random() % 256));
    for (int& length : pieces) length = 1 + static_cast<int>(random() % 300);
    const BatchPlan plan = PlanBatch(pieces, limits);
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
