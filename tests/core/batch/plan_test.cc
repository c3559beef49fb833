// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/batch/plan.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "core/batch/cost.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

BatchPlan Plan(const std::vector<PlanItem>& waiting, const PlanLimits& limits,
               double forward_cost = 64) {
  return PlanBatch(waiting, limits, CostModel(forward_cost));
}

TEST(PlanBatch, PacksWhereThatIsExact) {
  const std::vector<PlanItem> waiting = {{5}, {90}, {6}};
  EXPECT_EQ(Plan(waiting, {.packing_exact = true}).rows.size(), 1);
  EXPECT_EQ(Plan(waiting, {}),
            (BatchPlan{.rows = {{{0}}, {{2}}}, .length = 6}));
}

// One layer of 12 beside all of them: their places would cost 12 times as much.
TEST(PlanBatch, AShallowOneDoesNotGoWithDeepOnes) {
  const std::vector<PlanItem> waiting = {{50, 1}, {50, 12}, {50, 12}, {50, 1}};
  EXPECT_EQ(Plan(waiting, {.layers_cut = true}, 10),
            (BatchPlan{.rows = {{{0}}, {{3}}}, .length = 50}));
}

TEST(PlanBatch, WhatIsNearlyAsDeepGoesAlong) {
  const std::vector<PlanItem> waiting = {{5, 11}, {5, 12}, {5, 12}};
  EXPECT_EQ(Plan(waiting, {.layers_cut = true}),
            (BatchPlan{.rows = {{{0}}, {{1}}, {{2}}}, .length = 5}));
}

TEST(PlanBatch, ADeepOneTakesAShallowOneAlong) {
  const std::vector<PlanItem> waiting = {{5, 12}, {5, 11}};
  EXPECT_EQ(Plan(waiting, {.layers_cut = true}),
            (BatchPlan{.rows = {{{0}}, {{1}}}, .length = 5}));
}

TEST(PlanBatch, WithoutACutDepthDoesNotMatter) {
  const std::vector<PlanItem> waiting = {{50, 1}, {50, 12}};
  EXPECT_EQ(Plan(waiting, {}, 10),
            (BatchPlan{.rows = {{{0}}, {{1}}}, .length = 50}));
}

// 0.1 s for a forward, and 1 ms for each place.
CostModel MillisecondPlaces() {
  return CostModel::Fit(std::vector<ForwardTiming>{
      {.rows = 1, .length = 1, .time = absl::Milliseconds(101)},
      {.rows = 1, .length = 1000, .time = absl::Milliseconds(1100)}});
}

// All three together would take 0.25 s.
TEST(PlanBatch, NobodyComesTooLateForTheSakeOfOthers) {
  const std::vector<PlanItem> waiting = {
      {.pieces = 50, .slack = 0.16}, {.pieces = 50}, {.pieces = 50}};
  EXPECT_EQ(PlanBatch(waiting, {.layers = 1}, MillisecondPlaces()),
            (BatchPlan{.rows = {{{0}}}, .length = 50}));
}

TEST(PlanBatch, WhoComesTooLateAnywayDoesNotMatter) {
  const std::vector<PlanItem> waiting = {
      {.pieces = 50, .slack = 0.14}, {.pieces = 50}, {.pieces = 50}};
  EXPECT_EQ(PlanBatch(waiting, {.layers = 1}, MillisecondPlaces()).rows.size(),
            3);
}

TEST(PlanBatch, WithoutMeasuredTimesDeadlinesDoNotMatter) {
  const std::vector<PlanItem> waiting = {{.pieces = 50, .slack = 1},
                                         {.pieces = 50}};
  EXPECT_EQ(Plan(waiting, {}).rows.size(), 2);
}

class SharingTest : public testing::Test {
 protected:
  // Of 12 pieces: `shared` times 7, then `own`.
  static std::vector<std::int64_t> Pieces(int shared, std::int64_t own) {
    std::vector<std::int64_t> pieces(12, own);
    std::fill_n(pieces.begin(), shared, 7);
    return pieces;
  }

  static PlanItem Shareable(const std::vector<std::int64_t>& pieces) {
    return {.pieces = static_cast<int>(pieces.size()), .shareable = pieces};
  }

  const PlanLimits limits_ = {.packing_exact = true,
                              .prefix_sharing_exact = true};
};

TEST_F(SharingTest, WhatSequencesBeginWithStandsInTheRowOnce) {
  const auto a = Pieces(10, 1);
  const auto b = Pieces(10, 2);
  const auto c = Pieces(10, 3);
  EXPECT_EQ(Plan({Shareable(a), Shareable(b), Shareable(c)}, limits_),
            (BatchPlan{.rows = {{{0, 1, 2}, 10}}, .length = 16}));
}

// Two share 11 pieces with the first, all share 10: 20 places are more than 11.
TEST_F(SharingTest, TheBeginningIsTheOneThatSavesMost) {
  const auto a = Pieces(11, 1);
  const auto b = Pieces(11, 2);
  const auto c = Pieces(10, 3);
  EXPECT_EQ(Plan({Shareable(a), Shareable(b), Shareable(c)}, limits_),
            (BatchPlan{.rows = {{{0, 1, 2}, 10}}, .length = 16}));
}

TEST_F(SharingTest, EachKeepsAPieceOfItsOwn) {
  const auto a = Pieces(12, 7);
  const auto b = Pieces(12, 7);
  EXPECT_EQ(Plan({Shareable(a), Shareable(b)}, limits_),
            (BatchPlan{.rows = {{{0, 1}, 11}}, .length = 13}));
}

TEST_F(SharingTest, IsNotDoneWithOthersThanTheMostUrgents) {
  const auto a = Pieces(10, 1);
  const auto b = Pieces(10, 2);
  EXPECT_EQ(Plan({Shareable(a), {.pieces = 12}}, limits_),
            (BatchPlan{.rows = {{{0}}, {{1}}}, .length = 12}));
  EXPECT_EQ(Plan({{.pieces = 12}, Shareable(b)}, limits_),
            (BatchPlan{.rows = {{{0}}, {{1}}}, .length = 12}));
}

TEST_F(SharingTest, IsNotDoneWhereItIsNotExact) {
  const auto a = Pieces(10, 1);
  const auto b = Pieces(10, 2);
  EXPECT_EQ(Plan({Shareable(a), Shareable(b)}, {.packing_exact = true}),
            (BatchPlan{.rows = {{{0}}, {{1}}}, .length = 12}));
}

// One place saved, and ten sequences left for another forward.
TEST_F(SharingTest, IsNotDoneWhereItCostsMore) {
  const auto a = Pieces(1, 1);
  const auto b = Pieces(1, 2);
  std::vector<PlanItem> waiting(12, {.pieces = 12});
  waiting[0] = Shareable(a);
  waiting[1] = Shareable(b);
  EXPECT_EQ(Plan(waiting, limits_).rows[0].shared, 0);
}

TEST(PlacesOf, FollowsRowsSharingAndCopies) {
  const BatchPlan plan{.rows = {{{2, 0}}, {{1, 3}, 4}},
                       .length = 9,
                       .copies = {{.sequence = 4, .of = 3}}};
  const std::vector<SequencePlace> places =
      PlacesOf(plan, std::vector{3, 6, 5, 7, 7});
  const auto expect = [&](int sequence, int row, int shared, int begin) {
    EXPECT_EQ(places[sequence].row, row) << sequence;
    EXPECT_EQ(places[sequence].shared, shared) << sequence;
    EXPECT_EQ(places[sequence].begin, begin) << sequence;
  };
  expect(0, 0, 0, 5);
  expect(1, 1, 4, 4);
  expect(2, 0, 0, 0);
  expect(3, 1, 4, 6);
  expect(4, 1, 4, 6);
  EXPECT_EQ(FilledPlaces(plan.rows[0], std::vector{3, 6, 5, 7, 7}), 8);
  EXPECT_EQ(FilledPlaces(plan.rows[1], std::vector{3, 6, 5, 7, 7}), 9);
}

TEST(PlanUnpacked, IsARowForEach) {
  EXPECT_EQ(PlanUnpacked(std::vector{3, 9, 4}),
            (BatchPlan{.rows = {{{0}}, {{1}}, {{2}}}, .length = 9}));
}

TEST(IsPacked, IsARowOfSeveral) {
  EXPECT_FALSE(IsPacked({.rows = {{{0}}, {{1}}}, .length = 3}));
  EXPECT_TRUE(IsPacked({.rows = {{{0}}, {{1, 2}}}, .length = 3}));
}

}  // namespace
}  // namespace strata
