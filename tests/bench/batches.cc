// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/batches.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "core/batch/plan.h"

namespace strata::bench {
namespace {

// Indices of `pieces`, the longest first.
std::vector<int> LongestFirst(std::span<const int> pieces) {
  std::vector<int> order(pieces.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(
      order, {}, [&](int index) { return std::pair(-pieces[index], index); });
  return order;
}

// A row while it is being filled.
struct OpenRow {
  PlanRow row;
  int used = 0;
};

void PlaceInFirstWithRoom(int index, int pieces, int row_pieces,
                          std::vector<OpenRow>& rows) {
  auto room = std::ranges::find_if(rows, [&](const OpenRow& row) {
    return row.used + pieces <= row_pieces;
  });
  if (room == rows.end()) room = rows.insert(rows.end(), OpenRow());
  room->row.members.push_back(index);
  room->used += pieces;
}

}  // namespace

std::vector<BatchPlan> SortedBatches(std::span<const int> pieces, int budget) {
  std::vector<BatchPlan> batches;
  for (const int index : LongestFirst(pieces)) {
    // The batch is as long as its first text, and the others no longer.
    const bool fits =
        !batches.empty() &&
        (std::ssize(batches.back().rows) + 1) * batches.back().length <= budget;
    if (!fits) batches.push_back({.rows = {}, .length = pieces[index]});
    batches.back().rows.push_back({.members = {index}});
  }
  return batches;
}

std::vector<BatchPlan> PackedBatches(std::span<const int> pieces,
                                     int row_pieces, int rows) {
  std::vector<BatchPlan> batches;
  std::vector<OpenRow> open;
  for (const int index : LongestFirst(pieces)) {
    if (pieces[index] > row_pieces) {
      batches.push_back(
          {.rows = {{.members = {index}}}, .length = pieces[index]});
    } else {
      PlaceInFirstWithRoom(index, pieces[index], row_pieces, open);
    }
  }
  for (std::size_t i = 0; i < open.size(); ++i) {
    if (i % rows == 0) batches.emplace_back();
    batches.back().rows.push_back(std::move(open[i].row));
    batches.back().length = std::max(batches.back().length, open[i].used);
  }
  return batches;
}

std::vector<BatchPlan> SingleBatches(std::span<const int> pieces) {
  std::vector<BatchPlan> batches;
  batches.reserve(pieces.size());
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    batches.push_back(
        {.rows = {{.members = {static_cast<int>(i)}}}, .length = pieces[i]});
  }
  return batches;
}

Work WorkOf(std::span<const BatchPlan> batches) {
  Work work;
  for (const BatchPlan& batch : batches) {
    const std::int64_t places = std::ssize(batch.rows) * batch.length;
    work.places += places;
    work.pairs += places * batch.length;
  }
  return work;
}

Work UsefulWork(std::span<const int> pieces) {
  return WorkOf(SingleBatches(pieces));
}

}  // namespace strata::bench
