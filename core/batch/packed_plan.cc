// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/batch/packed_plan.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <set>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "core/batch/cost.h"
#include "core/batch/plan.h"

namespace strata {
namespace {

// Each row length that is tried is about this times the one before it.
constexpr double kLengthStep = 1.15;
// How much more than the best a piece may cost in a smaller batch.
constexpr double kHardlyWorse = 1.02;

// Sequences by length, of equals the less urgent first, so that the last one
// below a bound is the one to take next.
class Pool {
 public:
  explicit Pool(std::span<const int> pieces) : order_(pieces.size()) {
    std::iota(order_.begin(), order_.end(), 0);
    std::ranges::sort(order_, {}, [&](int index) {
      return std::pair(pieces[index], -index);
    });
    lengths_.reserve(order_.size());
    for (const int index : order_) lengths_.push_back(pieces[index]);
    Refill();
  }

  // Puts all back.
  void Refill() {
    below_.resize(order_.size() + 1);
    std::iota(below_.begin(), below_.end(), 0);
  }

  // Takes the longest of at most `room` pieces; -1 if there is none.
  int TakeLongest(int room) {
    const auto above = std::ranges::upper_bound(lengths_, room);
    const int slot = Find(static_cast<int>(above - lengths_.begin()));
    if (slot == 0) return -1;
    below_[slot] = slot - 1;
    return order_[slot - 1];
  }

  // Takes the most urgent of all.
  void TakeMostUrgent() {
    const auto at = std::ranges::find(order_, 0) - order_.begin();
    below_[at + 1] = static_cast<int>(at);
  }

 private:
  // The last slot up to `slot` that holds a sequence, from 1; 0 if there is
  // none. Halves the way to it for the next time.
  int Find(int slot) {
    while (below_[slot] != slot) {
      below_[slot] = below_[below_[slot]];
      slot = below_[slot];
    }
    return slot;
  }

  std::vector<int> order_;
  std::vector<int> lengths_;
  // For slot i + 1, which order_[i] is in: itself, or one before it where to
  // look on once it is taken.
  std::vector<int> below_;
};

// Fills rows of at most `room` places, of which the first `shared` are every
// member's, one more row with each call of AddRow.
class Filler {
 public:
  Filler(std::span<const int> pieces, int room, int shared, Pool& pool)
      : pieces_(pieces), room_(room), shared_(shared), pool_(pool) {
    pool_.Refill();
  }

  // False if nothing is left that fits.
  bool AddRow() {
    PlanRow row{.members = {}, .shared = shared_};
    int used = shared_;
    const auto add = [&](int member) {
      row.members.push_back(member);
      used += pieces_[member] - shared_;
      useful_ += pieces_[member];
    };
    if (plan_.rows.empty()) {
      pool_.TakeMostUrgent();
      add(0);
    }
    // The pool's lengths are whole ones.
    for (int member = pool_.TakeLongest(room_ - used + shared_); member >= 0;
         member = pool_.TakeLongest(room_ - used + shared_)) {
      add(member);
    }
    if (row.members.empty()) return false;
    plan_.length = std::max(plan_.length, used);
    plan_.rows.push_back(std::move(row));
    return true;
  }

  const BatchPlan& plan() const { return plan_; }
  std::int64_t useful() const { return useful_; }

 private:
  const std::span<const int> pieces_;
  const int room_;
  const int shared_;
  Pool& pool_;
  BatchPlan plan_;
  std::int64_t useful_ = 0;
};

// The row lengths to try; a row must hold the most urgent.
std::set<int> Rooms(std::span<const int> pieces, const PlanLimits& limits,
                    int shared) {
  const int least = pieces[0];
  std::int64_t all = shared;
  for (const int length : pieces) all += length - shared;
  const int longest = std::min(limits.max_row_pieces, limits.max_padded_pieces);
  const int most = static_cast<int>(std::min<std::int64_t>(longest, all));
  std::set<int> rooms = {least, std::max(least, most)};
  for (double room = least; room < most;
       room = std::max(room + 1, room * kLengthStep)) {
    rooms.insert(static_cast<int>(room));
  }
  return rooms;
}

// A batch that was looked at: what it costs for each useful piece, in all, and
// how to make it again.
struct Candidate {
  double use = 0;
  double cost = 0;
  int room = 0;
  std::size_t rows = 0;
};

bool Allowed(const BatchPlan& plan, const PlanLimits& limits) {
  const std::int64_t rows = std::ssize(plan.rows);
  // A sequence over the limits goes alone.
  if (rows == 1 && plan.rows[0].members.size() == 1) return true;
  return rows <= limits.max_rows &&
         rows * plan.length <= limits.max_padded_pieces;
}

}  // namespace

BatchPlan PlanPacked(std::span<const int> pieces, const PlanLimits& limits,
                     const CostModel& cost, int shared) {
  Pool pool(pieces);
  std::vector<Candidate> candidates;
  double least = std::numeric_limits<double>::infinity();
  for (const int room : Rooms(pieces, limits, shared)) {
    Filler filler(pieces, room, shared, pool);
    while (filler.AddRow() && Allowed(filler.plan(), limits)) {
      const BatchPlan& plan = filler.plan();
      Candidate candidate{.cost = cost.Cost(std::ssize(plan.rows), plan.length),
                          .room = room,
                          .rows = plan.rows.size()};
      candidate.use = candidate.cost / static_cast<double>(filler.useful());
      least = std::min(least, candidate.use);
      candidates.push_back(candidate);
    }
  }

  std::erase_if(candidates, [least](const Candidate& candidate) {
    return candidate.use > least * kHardlyWorse;
  });
  const Candidate& chosen =
      *std::ranges::min_element(candidates, {}, [](const Candidate& candidate) {
        return std::tuple(candidate.cost, candidate.use);
      });
  Filler filler(pieces, chosen.room, shared, pool);
  while (filler.plan().rows.size() < chosen.rows) filler.AddRow();
  return filler.plan();
}

}  // namespace strata
