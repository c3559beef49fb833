// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_BATCH_PLAN_H_
#define STRATA_CORE_BATCH_PLAN_H_

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "core/batch/cost.h"

namespace strata {

// What a batch of one model may be.
struct PlanLimits {
  // Most rows.
  int max_rows = 64;
  // Most places, rows times length; a longer sequence still goes alone.
  int max_padded_pieces = 1024;
  // Most places of a row that several sequences share.
  int max_row_pieces = std::numeric_limits<int>::max();
  // Whether sequences of different lengths may share a batch, padded to the
  // longest. False: only equal lengths do.
  bool padding_exact = true;
  // Whether several sequences may share a row, one after the other.
  bool packing_exact = false;
  // Whether sequences that begin alike may share the places of that beginning.
  bool prefix_sharing_exact = false;
  // Whether a forward can end at the deepest layer that its batch wants.
  bool layers_cut = false;
  // Layers of a forward that is not cut.
  int layers = 1;
};

// What is known of a waiting sequence.
struct PlanItem {
  int pieces = 0;
  // Layers that it wants computed, from the first; the embedding output counts.
  int layers = 1;
  // Seconds until its answer is too late.
  double slack = std::numeric_limits<double>::infinity();
  // Its pieces, if what it begins with may be computed together with the most
  // urgent's; else empty.
  std::span<const std::int64_t> shareable;
};

// One row of a batch: the sequences in it, by their index in what waited, one
// after the other.
struct PlanRow {
  std::vector<int> members;
  // Pieces that all members begin with. They stand in the row once, in front,
  // and the rest of each member after them; each has a rest.
  int shared = 0;

  friend bool operator==(const PlanRow&, const PlanRow&) = default;
};

// A sequence of the same pieces as one that is a member of a row.
struct PlanCopy {
  int sequence = 0;
  int of = 0;

  friend bool operator==(const PlanCopy&, const PlanCopy&) = default;
};

// A batch: rows of `length` places each.
struct BatchPlan {
  std::vector<PlanRow> rows;
  int length = 0;
  // What is answered without places of its own.
  std::vector<PlanCopy> copies;

  friend bool operator==(const BatchPlan&, const BatchPlan&) = default;
};

// Where a sequence lies in a batch: its first `shared` pieces at the beginning
// of its row, the others from place `begin` on.
struct SequencePlace {
  int row = 0;
  int shared = 0;
  int begin = 0;
};

// Share of a whole forward that one to the layer that makes `layers` costs.
inline double ShareOfLayers(int layers, const PlanLimits& limits) {
  if (!limits.layers_cut || layers >= limits.layers) return 1;
  return static_cast<double>(layers) / limits.layers;
}

// Predicted cost of `rows` rows of `length` places, to the layer that makes
// `layers`.
double PredictedCost(std::int64_t rows, int length, int layers,
                     const PlanLimits& limits, const CostModel& cost);

// The places of each sequence of `plan`, whose lengths are `pieces`.
std::vector<SequencePlace> PlacesOf(const BatchPlan& plan,
                                    std::span<const int> pieces);

// Places of `row` that are not padding.
int FilledPlaces(const PlanRow& row, std::span<const int> pieces);

// A row for each of `pieces`, in their order, as long as the longest.
BatchPlan PlanUnpacked(std::span<const int> pieces);

// Whether a row holds several sequences.
bool IsPacked(const BatchPlan& plan);

// Chooses the next batch from a window of waiting sequences, the most urgent
// first; the window is not empty.
//
// The batch holds the most urgent sequence, so none starves, and is the one
// that is predicted to take the least time for its useful pieces, those of
// deeper layers counting for more: packed (core/batch/packed_plan.h) where that
// is exact, else padded (core/batch/padded_plan.h). Sequences that want fewer
// layers than others of the window go with them or not, as the prediction says.
// Those that begin like the most urgent may share that beginning's places with
// it. No sequence comes too late for the sake of others in its batch, if the
// prediction is right and it would not have come too late alone.
//
// Pure; takes time in proportion to the window, and to how many depths are in
// it.
//
//   PlanBatch({{5}, {90}, {6}}, {}, CostModel())  // rows {0}, {2}; length 6
BatchPlan PlanBatch(std::span<const PlanItem> waiting, const PlanLimits& limits,
                    const CostModel& cost);

}  // namespace strata

#endif  // STRATA_CORE_BATCH_PLAN_H_
