// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/batch/padded_plan.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "core/batch/cost.h"
#include "core/batch/plan.h"

namespace strata {
namespace {

// Indices of `pieces` by length; of equals, the more urgent first.
std::vector<int> SortByLength(std::span<const int> pieces) {
  std::vector<int> order(pieces.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {},
                    [&](int index) { return std::pair(pieces[index], index); });
  return order;
}

bool Allowed(std::int64_t rows, int shortest, int longest,
             const PlanLimits& limits) {
  if (rows == 1) return true;  // A sequence over the limits goes alone.
  return rows <= limits.max_rows &&
         rows * longest <= limits.max_padded_pieces &&
         (limits.padding_exact || shortest == longest);
}

// For each end in the sorted lengths, where the last batch of the cheapest cut
// of what is before that end begins. By dynamic programming:
// total[end] = min over begin of total[begin] + cost(rows, longest).
std::vector<int> CheapestCut(const std::vector<int>& lengths,
                             const PlanLimits& limits, const CostModel& cost) {
  const int count = static_cast<int>(lengths.size());
  std::vector<double> total(count + 1, 0);
  std::vector<int> begins(count + 1, 0);
  for (int end = 1; end <= count; ++end) {
    total[end] = std::numeric_limits<double>::infinity();
    const int longest = lengths[end - 1];
    for (int begin = end - 1; begin >= 0; --begin) {
      const std::int64_t rows = end - begin;
      if (!Allowed(rows, lengths[begin], longest, limits)) break;
      const double with = total[begin] + cost.Cost(rows, longest);
      if (with <= total[end]) {
        total[end] = with;
        begins[end] = begin;
      }
    }
  }
  return begins;
}

}  // namespace

BatchPlan PlanPadded(std::span<const int> pieces, const PlanLimits& limits,
                     const CostModel& cost) {
  const std::vector<int> order = SortByLength(pieces);
  std::vector<int> lengths;
  lengths.reserve(order.size());
  for (const int index : order) lengths.push_back(pieces[index]);

  const auto most_urgent = std::ranges::find(order, 0) - order.begin();
  const std::vector<int> begins = CheapestCut(lengths, limits, cost);
  int end = static_cast<int>(order.size());
  while (begins[end] > most_urgent) end = begins[end];

  std::vector<int> members(order.begin() + begins[end], order.begin() + end);
  std::ranges::sort(members);
  BatchPlan plan{.rows = {}, .length = lengths[end - 1]};
  for (const int member : members) plan.rows.push_back({.members = {member}});
  return plan;
}

}  // namespace strata
