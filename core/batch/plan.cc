// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/batch/plan.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
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

// A plan, and what it is predicted to cost to the layer that it wants.
struct Option {
  BatchPlan plan;
  double cost = 0;
  // The same for each useful piece and layer.
  double use = std::numeric_limits<double>::infinity();
};

Option Weigh(BatchPlan plan, int depth, std::span<const PlanItem> waiting,
             const PlanLimits& limits, const CostModel& cost) {
  double useful = 0;
  for (const PlanRow& row : plan.rows) {
    for (const int member : row.members) {
      const int layers = limits.layers_cut ? waiting[member].layers : depth;
      useful += static_cast<double>(waiting[member].pieces) * layers;
    }
  }
  const std::int64_t rows = std::ssize(plan.rows);
  const int length = plan.length;
  return {.plan = std::move(plan),
          .cost = PredictedCost(rows, length, depth, limits, cost),
          .use = cost.Cost(rows, length) * depth / useful};
}

// Those of `waiting` that a batch is made of, by their index.
using Chosen = std::vector<int>;

std::vector<int> LengthsOf(const Chosen& chosen,
                           std::span<const PlanItem> waiting) {
  std::vector<int> pieces;
  pieces.reserve(chosen.size());
  for (const int index : chosen) pieces.push_back(waiting[index].pieces);
  return pieces;
}

// `plan`, whose members index into `chosen`.
BatchPlan Renumber(BatchPlan plan, const Chosen& chosen) {
  for (PlanRow& row : plan.rows) {
    for (int& member : row.members) member = chosen[member];
  }
  return plan;
}

// Pieces that both begin with, but for the last of either.
int SharedPieces(std::span<const std::int64_t> a,
                 std::span<const std::int64_t> b) {
  const auto shared = std::distance(a.begin(), std::ranges::mismatch(a, b).in1);
  return static_cast<int>(
      std::min({shared, std::ssize(a) - 1, std::ssize(b) - 1}));
}

// The beginning that is best shared with the most urgent, and by whom.
struct Sharing {
  int pieces = 0;
  Chosen chosen;
};

// Longer beginnings are shared by fewer: what counts is the places saved.
Sharing BestSharing(const Chosen& chosen, std::span<const PlanItem> waiting) {
  std::vector<int> shared;
  for (const int index : chosen) {
    shared.push_back(
        SharedPieces(waiting[chosen[0]].shareable, waiting[index].shareable));
  }
  std::vector<int> longest(shared.begin() + 1, shared.end());
  std::ranges::sort(longest, std::greater<>());
  Sharing best;
  std::int64_t most_saved = 0;
  for (std::int64_t i = 0; i < std::ssize(longest); ++i) {
    const std::int64_t saved = longest[i] * (i + 1);
    if (saved > most_saved) {
      most_saved = saved;
      best.pieces = longest[i];
    }
  }
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (shared[i] >= best.pieces) best.chosen.push_back(chosen[i]);
  }
  return best;
}

// The best batch of those of `waiting` that `depth` is enough for.
Option PlanDepth(int depth, std::span<const PlanItem> waiting,
                 const PlanLimits& limits, const CostModel& cost) {
  Chosen chosen;
  for (int i = 0; i < std::ssize(waiting); ++i) {
    if (!limits.layers_cut || waiting[i].layers <= depth) chosen.push_back(i);
  }
  const std::vector<int> pieces = LengthsOf(chosen, waiting);
  BatchPlan plan = limits.packing_exact ? PlanPacked(pieces, limits, cost)
                                        : PlanPadded(pieces, limits, cost);
  Option best =
      Weigh(Renumber(std::move(plan), chosen), depth, waiting, limits, cost);
  if (!limits.packing_exact || !limits.prefix_sharing_exact) return best;

  const Sharing sharing = BestSharing(chosen, waiting);
  if (sharing.pieces == 0) return best;
  plan = PlanPacked(LengthsOf(sharing.chosen, waiting), limits, cost,
                    sharing.pieces);
  Option shared = Weigh(Renumber(std::move(plan), sharing.chosen), depth,
                        waiting, limits, cost);
  return shared.use < best.use ? shared : best;
}

Option PlanWindow(std::span<const PlanItem> waiting, const PlanLimits& limits,
                  const CostModel& cost) {
  Option best;
  for (const int depth : Depths(waiting, limits)) {
    Option option = PlanDepth(depth, waiting, limits, cost);
    if (best.plan.rows.empty() || option.use < best.use) {
      best = std::move(option);
    }
  }
  return best;
}

// Whether a member comes too late that alone would not have.
bool IsLate(const Option& option, std::span<const PlanItem> waiting,
            const PlanLimits& limits, const CostModel& cost) {
  const auto late = [&](int member) {
    const PlanItem& item = waiting[member];
    const double alone =
        PredictedCost(1, item.pieces, item.layers, limits, cost);
    return alone <= item.slack && item.slack < option.cost;
  };
  return std::ranges::any_of(option.plan.rows, [&](const PlanRow& row) {
    return std::ranges::any_of(row.members, late);
  });
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

double PredictedCost(std::int64_t rows, int length, int layers,
                     const PlanLimits& limits, const CostModel& cost) {
  return cost.Cost(rows, length) * ShareOfLayers(layers, limits);
}

std::vector<SequencePlace> PlacesOf(const BatchPlan& plan,
                                    std::span<const int> pieces) {
  std::vector<SequencePlace> places(pieces.size());
  for (int row = 0; row < std::ssize(plan.rows); ++row) {
    const int shared = plan.rows[row].shared;
    int begin = shared;
    for (const int member : plan.rows[row].members) {
      places[member] = {.row = row, .shared = shared, .begin = begin};
      begin += pieces[member] - shared;
    }
  }
  for (const PlanCopy& copy : plan.copies) {
    places[copy.sequence] = places[copy.of];
  }
  return places;
}

int FilledPlaces(const PlanRow& row, std::span<const int> pieces) {
  int filled = row.shared;
  for (const int member : row.members) filled += pieces[member] - row.shared;
  return filled;
}

BatchPlan PlanBatch(std::span<const PlanItem> waiting, const PlanLimits& limits,
                    const CostModel& cost) {
  Option option = PlanWindow(waiting, limits, cost);
  // Fewer that wait make a smaller batch.
  while (cost.fitted() && waiting.size() > 1 &&
         IsLate(option, waiting, limits, cost)) {
    waiting = waiting.first(waiting.size() / 2);
    option = PlanWindow(waiting, limits, cost);
  }
  return option.plan;
}

}  // namespace strata
