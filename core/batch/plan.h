// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_BATCH_PLAN_H_
#define STRATA_CORE_BATCH_PLAN_H_

#include <span>
#include <vector>

namespace strata {

// What a batch of one model may be.
struct PlanLimits {
  // Most rows.
  int max_rows = 64;
  // Most places, rows times length; a longer sequence still goes alone.
  int max_padded_pieces = 1024;
  // Whether sequences of different lengths may share a batch, padded to the
  // longest. False: only equal lengths do.
  bool padding_exact = true;
  // Cost of a forward beside its places, in places: how many padded places are
  // worth saving one more forward.
  int forward_cost = 64;
};

// One row of a batch: the sequences in it, by their index in what waited, one
// after the other.
struct PlanRow {
  std::vector<int> members;

  friend bool operator==(const PlanRow&, const PlanRow&) = default;
};

// A batch: rows of `length` places each.
struct BatchPlan {
  std::vector<PlanRow> rows;
  int length = 0;

  friend bool operator==(const BatchPlan&, const BatchPlan&) = default;
};

// Chooses the next batch from a window of waiting sequences.
//
// `pieces` holds the length of each, the most urgent first; it is not empty.
// The window, in order of length, is cut into batches such that their total
// predicted time, the sum of forward_cost + rows * length, is the least that
// the limits allow; of cuts that take as long, the one with larger batches of
// long sequences. The batch that holds the most urgent is the next, so none
// starves. Rows come in order of urgency. Pure; takes time in proportion to
// the window times max_rows.
//
//   PlanBatch({5, 90, 6}, {})  // {rows: {0}, {2}; length: 6}
BatchPlan PlanBatch(std::span<const int> pieces, const PlanLimits& limits);

}  // namespace strata

#endif  // STRATA_CORE_BATCH_PLAN_H_
