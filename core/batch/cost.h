// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_BATCH_COST_H_
#define STRATA_CORE_BATCH_COST_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/time/time.h"

namespace strata {

// A forward of `rows` rows of `length` places each, and how long it took.
struct ForwardTiming {
  int rows = 0;
  int length = 0;
  absl::Duration time;
};

// Predicts how long a forward takes on one device:
//
//   time(rows, length) = linear(rows * length) + square * rows * length^2
//
// `linear` holds what grows with the places (matrix products, and what a
// forward costs by itself), as a curve through measured points: devices are
// idle below some size and short of cache above another, so that no straight
// line fits. `square` is attention's, whose scores are length^2 for each row.
//
// Not thread-safe.
//
//   CostModel cost = CostModel::Fit(timings);
//   if (cost.Cost(1, 128) < cost.Cost(4, 32)) ...
class CostModel {
 public:
  // Of a device that was not measured: a place costs 1, a forward
  // `forward_cost` beside its places, attention nothing.
  explicit CostModel(double forward_cost = 64);

  // Fitted to `timings`, at least one; several of as many places but different
  // lengths tell attention's part. Costs are then seconds. A place is taken to
  // cost no more in a larger batch until forwards were seen that show it.
  static CostModel Fit(std::span<const ForwardTiming> timings);

  // In seconds if fitted, else in places. Grows with both.
  double Cost(std::int64_t rows, std::int64_t length) const;

  // Whether it was measured, so that costs are seconds.
  bool fitted() const { return fitted_; }

  // Moves the curve towards what a forward really took, a little each time: a
  // device may become slower or faster while it serves. Nothing changes if the
  // model was not fitted.
  void Correct(const ForwardTiming& timing);

 private:
  // A point of the curve.
  struct Point {
    double places = 0;
    double cost = 0;
  };

  double Linear(double places) const;
  // Index of the first of the two points that `places` is predicted by.
  std::size_t SegmentOf(double places) const;
  // Makes costs grow along the curve, from its point `fixed` on both ways.
  void MakeGrow(std::size_t fixed);

  // By places, each once; at least two.
  std::vector<Point> points_;
  double square_ = 0;
  bool fitted_ = false;
};

}  // namespace strata

#endif  // STRATA_CORE_BATCH_COST_H_
