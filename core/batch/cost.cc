// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/batch/cost.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <span>

#include "absl/time/time.h"

namespace strata {
namespace {

// Share of the gap between prediction and truth that one forward closes.
constexpr double kCorrection = 0.05;
// A forward that took more than this times its prediction, or less than its
// inverse, says no more than that: something else held the device.
constexpr double kMostSurprise = 2.0;

double Places(const ForwardTiming& timing) {
  return static_cast<double>(timing.rows) * timing.length;
}

// What attention costs for each rows * length^2: by least squares through the
// origin over pairs of timings of as many places.
double FitSquare(std::span<const ForwardTiming> timings) {
  double numerator = 0;
  double denominator = 0;
  for (const ForwardTiming& a : timings) {
    for (const ForwardTiming& b : timings) {
      if (Places(a) != Places(b)) continue;
      const double x = Places(a) * (a.length - b.length);
      numerator += x * absl::ToDoubleSeconds(a.time - b.time);
      denominator += x * x;
    }
  }
  return denominator > 0 ? std::max(0.0, numerator / denominator) : 0.0;
}

}  // namespace

CostModel::CostModel(double forward_cost)
    : points_({{.places = 0, .cost = forward_cost},
               {.places = 1, .cost = forward_cost + 1}}) {}

CostModel CostModel::Fit(std::span<const ForwardTiming> timings) {
  CostModel model;
  model.fitted_ = true;
  model.square_ = FitSquare(timings);
  // The least of as many places.
  std::map<double, double> curve;
  for (const ForwardTiming& timing : timings) {
    const double places = Places(timing);
    const double cost =
        std::max(0.0, absl::ToDoubleSeconds(timing.time) -
                          (model.square_ * places * timing.length));
    const auto [it, added] = curve.emplace(places, cost);
    if (!added) it->second = std::min(it->second, cost);
  }
  // One point alone tells nothing of a forward's own cost.
  if (curve.size() == 1) curve.emplace(0, 0);
  model.points_.clear();
  for (const auto& [places, cost] : curve) {
    model.points_.push_back({.places = places, .cost = cost});
  }
  // From above: noise only ever adds.
  model.MakeGrow(model.points_.size() - 1);
  // Nor does a place cost more in a larger batch. If it seems to, something
  // else may have held the device: such a batch would never be planned, so that
  // nothing were learnt of it. If it really does, that is learnt from the first
  // ones (Correct).
  for (std::size_t i = 1; i < model.points_.size(); ++i) {
    const Point& smaller = model.points_[i - 1];
    Point& larger = model.points_[i];
    if (smaller.places == 0) continue;
    larger.cost =
        std::min(larger.cost, smaller.cost * larger.places / smaller.places);
  }
  return model;
}

double CostModel::Cost(std::int64_t rows, std::int64_t length) const {
  const double places = static_cast<double>(rows) * static_cast<double>(length);
  return Linear(places) + (square_ * places * static_cast<double>(length));
}

void CostModel::Correct(const ForwardTiming& timing) {
  if (!fitted_) return;
  const double predicted = Cost(timing.rows, timing.length);
  if (predicted <= 0) return;
  const double surprise =
      std::clamp(absl::ToDoubleSeconds(timing.time) / predicted,
                 1 / kMostSurprise, kMostSurprise);
  const double places = Places(timing);
  const std::size_t first = SegmentOf(places);
  // The nearer of the segment's ends, so that each learns from its own sizes.
  const double middle = (points_[first].places + points_[first + 1].places) / 2;
  const std::size_t nearer = places < middle ? first : first + 1;
  points_[nearer].cost *= 1 + (kCorrection * (surprise - 1));
  MakeGrow(nearer);
}

double CostModel::Linear(double places) const {
  const Point& low = points_[SegmentOf(places)];
  const Point& high = *std::next(&low);
  // A forward of hardly anything costs what the smallest measured one does.
  if (places <= low.places) return low.cost;
  const double slope = (high.cost - low.cost) / (high.places - low.places);
  return low.cost + (slope * (places - low.places));
}

std::size_t CostModel::SegmentOf(double places) const {
  const auto above =
      std::ranges::upper_bound(points_, places, {}, &Point::places);
  const std::ptrdiff_t first = std::distance(points_.begin(), above) - 1;
  return static_cast<std::size_t>(
      std::clamp<std::ptrdiff_t>(first, 0, std::ssize(points_) - 2));
}

void CostModel::MakeGrow(std::size_t fixed) {
  for (std::size_t i = fixed + 1; i < points_.size(); ++i) {
    points_[i].cost = std::max(points_[i].cost, points_[i - 1].cost);
  }
  for (std::size_t i = fixed; i > 0; --i) {
    points_[i - 1].cost = std::min(points_[i - 1].cost, points_[i].cost);
  }
}

}  // namespace strata
