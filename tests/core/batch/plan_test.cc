// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/batch/plan.h"

#include <vector>

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
