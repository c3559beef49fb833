// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// The batch plan against what it promises, and, where sequences are padded,
// against all cuts of a window that there are.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <span>
#include <vector>

#include "core/batch/cost.h"
#include "core/batch/plan.h"
#include "tests/fuzz/bytes.h"

namespace strata::fuzz {
namespace {

constexpr int kLongestWindow = 9;

PlanLimits ReadLimits(Bytes& bytes) {
  return {.max_rows = bytes.Number(1, 8),
          .max_padded_pieces = bytes.Number(1, 400),
          .max_row_pieces = bytes.Number(1, 200),
          .padding_exact = bytes.Flag(),
          .packing_exact = bytes.Flag(),
          .prefix_sharing_exact = bytes.Flag(),
          .layers_cut = bytes.Flag(),
          .layers = 4};
}

CostModel ReadCost(Bytes& bytes) {
  if (bytes.Flag()) return CostModel(bytes.Number(0, 100));
  std::vector<ForwardTiming> timings;
  for (int i = bytes.Number(1, 6); i > 0; --i) {
    timings.push_back({.rows = bytes.Number(1, 8),
                       .length = bytes.Number(1, 100),
                       .time = absl::Microseconds(bytes.Number(1, 5000))});
  }
  return CostModel::Fit(timings);
}

// Sequences that begin alike, none longer than a row may be.
std::vector<std::vector<std::int64_t>> ReadSequences(Bytes& bytes,
                                                     int longest) {
  std::vector<std::vector<std::int64_t>> sequences;
  for (int i = bytes.Number(1, kLongestWindow); i > 0; --i) {
    std::vector<std::int64_t>& pieces = sequences.emplace_back();
    pieces.resize(bytes.Number(1, std::min(60, longest)));
    const int same = bytes.Number(0, 60);
    for (int j = 0; j < std::ssize(pieces); ++j) pieces[j] = j < same ? 1 : i;
  }
  return sequences;
}

void CheckMembers(const BatchPlan& plan, std::span<const PlanItem> waiting) {
  std::set<int> members;
  for (const PlanRow& row : plan.rows) {
    STRATA_FUZZ_CHECK(!row.members.empty());
    for (const int member : row.members) {
      STRATA_FUZZ_CHECK(member >= 0 && member < std::ssize(waiting));
      STRATA_FUZZ_CHECK(members.insert(member).second);
      STRATA_FUZZ_CHECK(row.shared < waiting[member].pieces);
    }
  }
  // Nothing starves.
  STRATA_FUZZ_CHECK(members.contains(0));
}

void CheckLimits(const BatchPlan& plan, std::span<const PlanItem> waiting,
                 const PlanLimits& limits) {
  std::vector<int> pieces;
  for (const PlanItem& item : waiting) pieces.push_back(item.pieces);
  STRATA_FUZZ_CHECK(std::ssize(plan.rows) <= limits.max_rows);
  int longest = 0;
  for (const PlanRow& row : plan.rows) {
    const int filled = FilledPlaces(row, pieces);
    longest = std::max(longest, filled);
    STRATA_FUZZ_CHECK(limits.packing_exact || row.members.size() == 1);
    STRATA_FUZZ_CHECK(limits.prefix_sharing_exact || row.shared == 0);
    STRATA_FUZZ_CHECK(row.members.size() == 1 ||
                      filled <= limits.max_row_pieces);
    STRATA_FUZZ_CHECK(limits.padding_exact || limits.packing_exact ||
                      filled == plan.length);
    const std::span<const std::int64_t> first =
        waiting[row.members.front()].shareable;
    for (const int member : row.members) {
      if (row.shared == 0) break;
      STRATA_FUZZ_CHECK(
          std::ranges::equal(first.first(row.shared),
                             waiting[member].shareable.first(row.shared)));
    }
  }
  STRATA_FUZZ_CHECK(longest == plan.length);
  const auto places = std::ssize(plan.rows) * plan.length;
  const bool alone = plan.rows.size() == 1 && plan.rows[0].members.size() == 1;
  STRATA_FUZZ_CHECK(alone || places <= limits.max_padded_pieces);
}

// The least that batches of all of `lengths`, in order, can cost together.
double LeastCost(std::span<const int> lengths, const PlanLimits& limits,
                 const CostModel& cost) {
  double least = std::numeric_limits<double>::infinity();
  if (lengths.empty()) return 0;
  for (std::size_t rows = 1; rows <= lengths.size(); ++rows) {
    const int longest = lengths[rows - 1];
    const bool allowed =
        rows == 1 || (std::cmp_less_equal(rows, limits.max_rows) &&
                      std::ssize(lengths.first(rows)) * longest <=
                          limits.max_padded_pieces &&
                      (limits.padding_exact || lengths[0] == longest));
    if (!allowed) continue;
    least =
        std::min(least, cost.Cost(std::ssize(lengths.first(rows)), longest) +
                            LeastCost(lengths.subspan(rows), limits, cost));
  }
  return least;
}

// Whether the batch is one of a cut that costs no more than any other.
void CheckLeast(const BatchPlan& plan, std::span<const PlanItem> waiting,
                const PlanLimits& limits, const CostModel& cost) {
  std::vector<int> all;
  for (const PlanItem& item : waiting) all.push_back(item.pieces);
  std::vector<int> batch;
  std::vector<bool> taken(waiting.size());
  for (const PlanRow& row : plan.rows) {
    taken[row.members[0]] = true;
    batch.push_back(all[row.members[0]]);
  }
  std::ranges::sort(batch);
  std::vector<int> left;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!taken[i]) left.push_back(all[i]);
  }
  std::ranges::sort(all);
  std::ranges::sort(left);
  const double least = LeastCost(all, limits, cost);
  // Of what is left, the first come before the batch and the others after it;
  // those as long as all of the batch may do either.
  double ours = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i <= left.size(); ++i) {
    const bool in_order = (i == 0 || left[i - 1] <= batch.front()) &&
                          (i == left.size() || left[i] >= batch.back());
    if (!in_order) continue;
    const std::span<const int> lengths = left;
    ours = std::min(ours, cost.Cost(std::ssize(batch), plan.length) +
                              LeastCost(lengths.first(i), limits, cost) +
                              LeastCost(lengths.subspan(i), limits, cost));
  }
  STRATA_FUZZ_CHECK(ours <= least * (1 + 1e-9) + 1e-12);
}

void TestPlan(Bytes bytes) {
  const PlanLimits limits = ReadLimits(bytes);
  const CostModel cost = ReadCost(bytes);
  const auto sequences = ReadSequences(bytes, limits.max_row_pieces);
  const bool hurried = bytes.Flag();
  std::vector<PlanItem> waiting;
  bool one_depth = true;
  for (const auto& pieces : sequences) {
    PlanItem& item =
        waiting.emplace_back(PlanItem{.pieces = static_cast<int>(pieces.size()),
                                      .layers = bytes.Number(1, limits.layers),
                                      .shareable = pieces});
    if (hurried) item.slack = bytes.Number(0, 5000) / 1e6;
    one_depth = one_depth && item.layers == waiting.front().layers;
  }
  const BatchPlan plan = PlanBatch(waiting, limits, cost);
  CheckMembers(plan, waiting);
  CheckLimits(plan, waiting, limits);
  if (!limits.packing_exact && !hurried && (one_depth || !limits.layers_cut)) {
    CheckLeast(plan, waiting, limits, cost);
  }
}

}  // namespace
}  // namespace strata::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  strata::fuzz::TestPlan({data, size});
  return 0;
}
