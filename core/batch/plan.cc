// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/batch/plan.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "core/batch/cost.h"
#include "core/batch/packed_plan.h"
#include "core/batch/padded_plan.h"

namespace strata {
namespace {

// Depths that a batch with the most urgent of `waiting` may have.
std::set<int> Depths(std::span<const PlanItem> waiting,
                     const PlanLimits& limits) {
  std::set<int> depths;
  for (const PlanItem& item : waiting) {
    if (item.layers >= waiting.front().layers) depths.insert(item.layers);
  }
  if (!limits.layers_cut) return {*depths.rbegin()};
  return depths;
}

// Predicted cost of `plan`, run to layer `depth`, for each useful piece.
double CostOfUse(const BatchPlan& plan, int depth,
                 std::span<const PlanItem> waiting, const PlanLimits& limits,
                 const CostModel& cost) {
  double useful = 0;
  for (const PlanRow& row : plan.rows) {
    for (const int member : row.members) {
      const int layers = limits.layers_cut ? waiting[member].layers : depth;
      useful += static_cast<double>(waiting[member].pieces) * layers;
    }
  }
  return cost.Cost(std::ssize(plan.rows), plan.length) * depth / useful;
}

// The best batch of those of `waiting` that `depth` is enough for.
BatchPlan PlanDepth(int depth, std::span<const PlanItem> waiting,
                    const PlanLimits& limits, const CostModel& cost) {
  std::vector<int> chosen;
  std::vector<int> pieces;
  for (int i = 0; i < std::ssize(waiting); ++i) {
    if (limits.layers_cut && waiting[i].layers > depth) continue;
    chosen.push_back(i);
    pieces.push_back(waiting[i].pieces);
  }
  BatchPlan plan = limits.packing_exact ? PlanPacked(pieces, limits, cost)
                                        : PlanPadded(pieces, limits, cost);
  for (PlanRow& row : plan.rows) {
    for (int& member : row.members) member = chosen[member];
  }
  return plan;
}

}  // namespace

BatchPlan PlanUnpacked(std::span<const int> pieces) {
  BatchPlan plan;
  for (const int length : pieces) {
    plan.rows.push_back({.members = {static_cast<int>(plan.rows.size())}});
    plan.length = std::max(plan.length, length);
  }
  return plan;
}

bool IsPacked(const BatchPlan& plan) {
  return std::ranges::any_of(
      plan.rows, [](const PlanRow& row) { return row.members.size() > 1; });
}

BatchPlan PlanBatch(std::span<const PlanItem> waiting, const PlanLimits& limits,
                    const CostModel& cost) {
  BatchPlan best;
  double least = std::numeric_limits<double>::infinity();
  for (const int depth : Depths(waiting, limits)) {
    BatchPlan plan = PlanDepth(depth, waiting, limits, cost);
    const double use = CostOfUse(plan, depth, waiting, limits, cost);
    if (best.rows.empty() || use < least) {
      best = std::move(plan);
      least = use;
    }
  }
  return best;
}

}  // namespace strata
