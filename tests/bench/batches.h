// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_BENCH_BATCHES_H_
#define STRATA_TESTS_BENCH_BATCHES_H_

#include <cstdint>
#include <span>
#include <vector>

#include "core/batch/plan.h"

namespace strata::bench {

// The ways in which the limit, which knows all texts beforehand, cuts them into
// forwards. `pieces` holds their lengths; members of the batches are indices
// into it, each in one row of one batch. Pure.

// Sorted by length and padded, as many to a batch as make no more than `budget`
// places; a longer text goes alone.
std::vector<BatchPlan> SortedBatches(std::span<const int> pieces, int budget);

// Packed, the longest first, each into the first row with room for it; rows of
// `row_pieces` places, `rows` to a batch, each batch as long as its fullest
// row. A text that is longer than a row goes alone.
std::vector<BatchPlan> PackedBatches(std::span<const int> pieces,
                                     int row_pieces, int rows);

// One by one, in their order.
std::vector<BatchPlan> SingleBatches(std::span<const int> pieces);

// What forwards compute, which says how many operations they take.
struct Work {
  // Places of all rows: what matrix products take time in proportion to.
  std::int64_t places = 0;
  // Pairs of places of the same row: what attention does.
  std::int64_t pairs = 0;

  friend bool operator==(const Work&, const Work&) = default;
};

Work WorkOf(std::span<const BatchPlan> batches);

// Of each text alone: what is useful of it.
Work UsefulWork(std::span<const int> pieces);

}  // namespace strata::bench

#endif  // STRATA_TESTS_BENCH_BATCHES_H_
