// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_BATCH_QUEUE_H_
#define STRATA_CORE_BATCH_QUEUE_H_

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/budget.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/mutex.h"
#include "core/base/status_macros.h"
#include "core/batch/cost.h"
#include "core/batch/lane_times.h"
#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "core/batch/window.h"

namespace strata {

// What sequences that may share a batch have in common: in production a Model.
template <typename T>
concept BatchLane = requires(const T& lane) {
  { lane.plan_limits } -> std::convertible_to<const PlanLimits&>;
};

// How a queue is bounded and ordered.
struct QueueOptions {
  // Pieces that may wait; more are refused.
  std::int64_t max_pieces = std::int64_t{1} << 20;
  // The part of them that one client who is known may have; see Budget.
  double max_client_share = 1;
  // The most urgent sequences of a lane that a plan looks at.
  int window = 256;
  // Waiting that makes up for one step of priority.
  absl::Duration ageing = absl::Milliseconds(500);
  // How many take from it at once.
  int takers = 1;
};

// What a plan needs to know of the device that takes.
struct DeviceCost {
  // Outlives the call that it is passed to.
  const CostModel* cost = nullptr;
  // Most places of a batch that the device has memory for.
  int most_places = std::numeric_limits<int>::max();
};

// Priorities count from -kMostPriority to it; those beyond count as the last,
// which bounds how long anything waits.
inline constexpr int kMostPriority = 10;

// Sequences that wait for a device, by lane.
//
// Order. A sequence that arrived at t with priority p is as urgent as one of
// priority 0 that arrived at t - p * ageing. Waiting thus gains on priority,
// and since this does not change while they wait, the order is kept in a tree.
// Bound: but for interruptions, a sequence is overtaken only by those whose
// virtual arrival is earlier than its own, so by those of d steps more priority
// only if they arrive within d * ageing after it. A deadline that is nearer
// than `ageing` counts as if the sequence had waited for the difference: as one
// step of priority at most.
//
// Sharing. Sequences of the same pieces that wait for one lane are computed
// once, and what others begin with may be: only those of one client, since the
// time of an answer would tell what others ask.
//
// Interruption. A forward may be interrupted at its checkpoints, for a batch of
// sequences that are short beside it: each would be answered later than
// kPatience times what it takes alone if it waited for the forward's end, and
// has no less priority. What goes in between is predicted to take no longer
// than the forward itself, so that what waits for it waits twice as long at
// most. Where the most urgent of a lane has waited longer than that already,
// the device cannot keep up, and nothing of the lane interrupts: short batches
// cost more than long ones.
//
// Early refusal. From what batches are predicted to take, the time until a new
// sequence's turn is estimated. One that would wait for more than twice the
// time to its deadline is refused at once.
//
// Leaving. Each item leaves once: taken into a batch, whose taker then calls
// its `done`, or abandoned, the queue calling it with an error: expired (before
// it costs compute, or others are refused for it), cancelled, or the queue
// stopped. Callbacks run under no lock.
//
// Thread-safe.
template <BatchLane Lane>
class Queue {
 public:
  // A waiting sequence.
  struct Item {
    // Items of a call are cancelled together.
    std::uint64_t call = 0;
    std::shared_ptr<const Lane> lane;
    Sequence sequence;
    absl::Time deadline = absl::InfiniteFuture();
    // Requested when its call is cancelled.
    std::stop_token stop;
    int priority = 0;
    // Who asks; those that nobody authenticated are one.
    std::string client;
    // Called exactly once.
    absl::AnyInvocable<void(absl::StatusOr<Computed>)> done;
    // When it was pushed, and a hash of its pieces; set by Push.
    absl::Time arrival;
    std::size_t fingerprint = 0;
  };

  // A batch to run: `plan`'s members index into `items`.
  struct Batch {
    std::shared_ptr<const Lane> lane;
    std::vector<Item> items;
    BatchPlan plan;
  };

  Queue(QueueOptions options, const Clock& clock)
      : options_(options),
        clock_(clock),
        pieces_(options.max_pieces, options.max_client_share) {}

  // Adds all of `items`, which are of one call, or none. Errors, `items` then
  // being untouched: SERVER_FULL where they do not fit, or would come too late,
  // with RetryAfter(); SERVER_STOPPING after Stop. A queue that is empty, or
  // holds nothing of the client, takes any.
  absl::Status Push(std::vector<Item>& items) ABSL_LOCKS_EXCLUDED(mutex_);

  // What a lane's forwards cost on the device that takes; nullopt where it does
  // not run there.
  using CostOf = std::function<std::optional<DeviceCost>(const Lane&)>;

  // The next batch of the lanes that have a cost, waiting for one; nullopt
  // after Stop. Abandons what has expired first.
  // Calls `before_wait` where it has to wait, each time, under the queue's
  // lock.
  std::optional<Batch> Take(
      const CostOf& cost_of, absl::FunctionRef<void()> before_wait = [] {})
      ABSL_LOCKS_EXCLUDED(mutex_);

  // A forward that a taker runs.
  struct Running {
    // What it is predicted to take yet.
    absl::Duration remaining;
    // What others may take before it ends.
    absl::Duration spare;
    // The highest of its sequences.
    int priority = 0;
  };

  // A batch to interrupt a forward for; nullopt where there is none. Does not
  // wait.
  std::optional<Batch> TakeBetween(const CostOf& cost_of,
                                   const Running& running)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Abandons what waits of a call, as CALLER_CANCELLED. Unknown calls are fine.
  void Cancel(std::uint64_t call) ABSL_LOCKS_EXCLUDED(mutex_);

  // Abandons what waits of each lane for which `check` returns an error, with
  // that error. `check` is called under the queue's lock.
  void Drop(absl::FunctionRef<absl::Status(const Lane&)> check)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Abandons all, as SERVER_STOPPING, and refuses more.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

  // When who finds no room should try again: in the time that what waits is
  // predicted to take (if nothing is known of that: the longest that the most
  // urgent of a lane has waited), between 0.1 and 10 s.
  absl::Duration RetryAfter() const ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(mutex_);
    return RetryAfter(Backlog());
  }

  // Sequences that wait.
  int size() const ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(mutex_);
    return static_cast<int>(calls_.size());
  }

 private:
  // Place in a lane: the virtual arrival, ties in order of arrival.
  struct Urgency {
    absl::Time virtual_arrival;
    std::uint64_t number = 0;

    friend bool operator<(const Urgency& a, const Urgency& b) {
      return std::tie(a.virtual_arrival, a.number) <
             std::tie(b.virtual_arrival, b.number);
    }
  };
  struct LaneItems {
    std::map<Urgency, Item> items;
    // Their pieces, those of a shallow forward counting for less.
    double work = 0;
  };
  using Lanes = std::map<const Lane*, LaneItems>;
  // Where an item is.
  struct Place {
    const Lane* lane = nullptr;
    Urgency urgency;

    friend bool operator<(const Place& a, const Place& b) {
      return std::tie(a.urgency, a.lane) < std::tie(b.urgency, b.lane);
    }
  };

  // Push, under the lock; what has expired is to be abandoned after it.
  absl::Status TryPush(std::vector<Item>& items, absl::Time now,
                       std::vector<Item>& expired) ABSL_LOCKS_EXCLUDED(mutex_);
  Item Remove(const Place& place) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<Item> RemoveExpired() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Those that have a cost, the most urgent first.
  std::vector<typename Lanes::iterator> LanesByUrgency(const CostOf& cost_of)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // A batch of the most urgent of a lane that are `eligible`, as one that is to
  // end by `end`; nullopt where none is.
  std::optional<Batch> TakeFrom(typename Lanes::iterator lane,
                                const DeviceCost& device, absl::Time now,
                                absl::Time end,
                                absl::FunctionRef<bool(const Item&)> eligible)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CheckRoom(const std::vector<Item>& items, absl::Time now) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Learns what a lane's pieces take from a batch that was planned.
  void Learn(const Batch& batch, const CostModel& cost)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static double WorkOf(const Item& item) {
    return item.sequence.pieces() *
           ShareOfLayers(item.sequence.layers, item.lane->plan_limits);
  }
  // What the item is predicted to take in a batch of its own.
  static absl::Duration Alone(const Item& item, const CostModel& cost) {
    return absl::Seconds(PredictedCost(1, item.sequence.pieces(),
                                       item.sequence.layers,
                                       item.lane->plan_limits, cost));
  }
  // Time that what waits is predicted to take, lanes of which nothing is known
  // left out; nullopt where nothing is known of any.
  std::optional<absl::Duration> Backlog() const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Duration LongestWait() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The same of a `backlog` that has just been predicted.
  absl::Duration RetryAfter(std::optional<absl::Duration> backlog) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return std::clamp(backlog.value_or(LongestWait()), absl::Milliseconds(100),
                      absl::Seconds(10));
  }
  static absl::Status WaitedTooLong() {
    return Error(Reason::kDeadlinePassed,
                 "the deadline passed while the input waited for a device");
  }
  static void Abandon(std::vector<Item> items, const absl::Status& status) {
    for (Item& item : items) std::move(item.done)(status);
  }

  // How many times its own time an answer may take before it is late.
  static constexpr int kPatience = 4;

  const QueueOptions options_;
  const Clock& clock_;

  mutable Mutex mutex_;
  CondVar changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::uint64_t next_number_ ABSL_GUARDED_BY(mutex_) = 0;
  // That wait.
  Budget pieces_ ABSL_GUARDED_BY(mutex_);
  LaneTimes lane_times_ ABSL_GUARDED_BY(mutex_);
  // No lane is empty.
  Lanes lanes_ ABSL_GUARDED_BY(mutex_);
  // The same items by call and, where they have one, by deadline.
  std::set<std::pair<std::uint64_t, Place>> calls_ ABSL_GUARDED_BY(mutex_);
  std::set<std::pair<absl::Time, Place>> deadlines_ ABSL_GUARDED_BY(mutex_);
};

template <BatchLane Lane>
absl::Status Queue<Lane>::Push(std::vector<Item>& items) {
  for (Item& item : items) {
    item.fingerprint = Fingerprint(item.sequence, item.client);
  }
  const absl::Time now = clock_.Now();
  std::vector<Item> expired;
  const absl::Status room = TryPush(items, now, expired);
  Abandon(std::move(expired), WaitedTooLong());
  return room;
}

template <BatchLane Lane>
absl::Status Queue<Lane>::TryPush(std::vector<Item>& items, absl::Time now,
                                  std::vector<Item>& expired) {
  MutexLock lock(mutex_);
  // They make room, while every taker is busy too.
  expired = RemoveExpired();
  STRATA_RETURN_IF_ERROR(CheckRoom(items, now));
  for (Item& item : items) {
    item.arrival = now;
    pieces_.Take(item.sequence.pieces(), item.client);
    const absl::Time waited_since =
        std::min(now, item.deadline - options_.ageing);
    const Place place{
        .lane = item.lane.get(),
        .urgency = {
            .virtual_arrival =
                std::max(waited_since, now - options_.ageing) -
                (std::clamp(item.priority, -kMostPriority, kMostPriority) *
                 options_.ageing),
            .number = next_number_++}};
    calls_.emplace(item.call, place);
    if (item.deadline != absl::InfiniteFuture()) {
      deadlines_.emplace(item.deadline, place);
    }
    LaneItems& lane = lanes_[place.lane];
    lane.work += WorkOf(item);
    lane.items.emplace(place.urgency, std::move(item));
  }
  changed_.NotifyAll();
  return absl::OkStatus();
}

template <BatchLane Lane>
absl::Status Queue<Lane>::CheckRoom(const std::vector<Item>& items,
                                    absl::Time now) const {
  if (stopped_) {
    return Error(Reason::kServerStopping, "the server is stopping");
  }
  if (calls_.empty()) return absl::OkStatus();
  const std::optional<absl::Duration> known = Backlog();
  const absl::Duration backlog = known.value_or(absl::ZeroDuration());
  const absl::Duration retry_after = RetryAfter(known);
  std::int64_t pieces = 0;
  for (const Item& item : items) {
    pieces += item.sequence.pieces();
    // The more urgent overtake what waits.
    if (item.priority <= 0 && backlog > 2 * (item.deadline - now)) {
      return FullError(
          absl::StrCat(
              "what waits takes about ",
              absl::FormatDuration(absl::Trunc(backlog, absl::Milliseconds(1))),
              " and the request's deadline is in ",
              absl::FormatDuration(
                  absl::Trunc(item.deadline - now, absl::Milliseconds(1)))),
          retry_after);
    }
  }
  const auto full = pieces_.Check(pieces, items.empty() ? "" : items[0].client);
  if (!full.has_value()) return absl::OkStatus();
  return FullError(absl::StrCat(full->held, " pieces",
                                full->of_client ? " of this client" : "",
                                " wait and the request has ", pieces,
                                "; at most ", full->most, " may wait"),
                   retry_after);
}

template <BatchLane Lane>
auto Queue<Lane>::Take(const CostOf& cost_of,
                       absl::FunctionRef<void()> before_wait)
    -> std::optional<Batch> {
  while (true) {
    std::vector<Item> expired;
    std::optional<Batch> batch;
    {
      MutexLock lock(mutex_);
      auto lanes = LanesByUrgency(cost_of);
      while (lanes.empty() && !stopped_) {
        before_wait();
        changed_.Wait(mutex_);
        lanes = LanesByUrgency(cost_of);
      }
      if (stopped_) return std::nullopt;
      const auto lane = lanes.front();
      const std::optional<DeviceCost> device = cost_of(*lane->first);
      // What expired may have emptied the lane.
      expired = RemoveExpired();
      if (expired.empty() && device.has_value()) {
        batch = TakeFrom(lane, *device, clock_.Now(), absl::InfiniteFuture(),
                         [](const Item&) { return true; });
        if (batch.has_value()) Learn(*batch, *device->cost);
      }
    }
    if (batch.has_value()) return batch;
    Abandon(std::move(expired), WaitedTooLong());
  }
}

template <BatchLane Lane>
auto Queue<Lane>::TakeBetween(const CostOf& cost_of, const Running& running)
    -> std::optional<Batch> {
  const absl::Duration most = std::min(running.spare, running.remaining / 2);
  MutexLock lock(mutex_);
  if (calls_.empty() || most <= absl::ZeroDuration()) return std::nullopt;
  const absl::Time now = clock_.Now();
  for (const auto lane : LanesByUrgency(cost_of)) {
    const std::optional<DeviceCost> device = cost_of(*lane->first);
    if (!device.has_value() || !device->cost->fitted()) continue;
    const auto late_after = [&](absl::Duration wait, const Item& item) {
      const absl::Duration alone = Alone(item, *device->cost);
      return now + wait + alone > item.arrival + (kPatience * alone);
    };
    if (late_after(absl::ZeroDuration(), lane->second.items.begin()->second)) {
      continue;
    }
    auto batch =
        TakeFrom(lane, *device, now, now + most, [&](const Item& item) {
          return item.deadline > now && item.priority >= running.priority &&
                 Alone(item, *device->cost) <= most &&
                 !late_after(absl::ZeroDuration(), item) &&
                 late_after(running.remaining, item);
        });
    if (batch.has_value()) return batch;
  }
  return std::nullopt;
}

template <BatchLane Lane>
void Queue<Lane>::Cancel(std::uint64_t call) {
  std::vector<Item> cancelled;
  {
    MutexLock lock(mutex_);
    auto it =
        calls_.lower_bound({call, Place{.urgency = {absl::InfinitePast()}}});
    while (it != calls_.end() && it->first == call) {
      const Place place = (it++)->second;
      cancelled.push_back(Remove(place));
    }
  }
  Abandon(std::move(cancelled),
          Error(Reason::kCallerCancelled,
                "the caller cancelled while the input waited for a device"));
}

template <BatchLane Lane>
void Queue<Lane>::Drop(absl::FunctionRef<absl::Status(const Lane&)> check) {
  std::vector<std::pair<std::vector<Item>, absl::Status>> dropped;
  {
    MutexLock lock(mutex_);
    for (auto it = lanes_.begin(); it != lanes_.end();) {
      // Its last item takes the lane with it.
      const auto lane = it++;
      const absl::Status status = check(*lane->first);
      if (status.ok()) continue;
      std::vector<Item> items;
      for (int left = std::ssize(lane->second.items); left > 0; --left) {
        items.push_back(Remove({.lane = lane->first,
                                .urgency = lane->second.items.begin()->first}));
      }
      dropped.emplace_back(std::move(items), status);
    }
  }
  for (auto& [items, status] : dropped) Abandon(std::move(items), status);
}

template <BatchLane Lane>
void Queue<Lane>::Stop() {
  std::vector<Item> left;
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    while (!calls_.empty()) left.push_back(Remove(calls_.begin()->second));
    changed_.NotifyAll();
  }
  Abandon(std::move(left),
          Error(Reason::kServerStopping, "the server is stopping"));
}

template <BatchLane Lane>
auto Queue<Lane>::Remove(const Place& place) -> Item {
  const auto lane = lanes_.find(place.lane);
  auto node = lane->second.items.extract(place.urgency);
  Item item = std::move(node.mapped());
  lane->second.work -= WorkOf(item);
  if (lane->second.items.empty()) lanes_.erase(lane);
  pieces_.Give(item.sequence.pieces(), item.client);
  deadlines_.erase({item.deadline, place});
  calls_.erase({item.call, place});
  return item;
}

template <BatchLane Lane>
auto Queue<Lane>::RemoveExpired() -> std::vector<Item> {
  std::vector<Item> expired;
  const absl::Time now = clock_.Now();
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const Place place = deadlines_.begin()->second;
    expired.push_back(Remove(place));
  }
  return expired;
}

template <BatchLane Lane>
auto Queue<Lane>::LanesByUrgency(const CostOf& cost_of)
    -> std::vector<typename Lanes::iterator> {
  std::vector<typename Lanes::iterator> lanes;
  for (auto it = lanes_.begin(); it != lanes_.end(); ++it) {
    if (cost_of(*it->first).has_value()) lanes.push_back(it);
  }
  std::ranges::sort(lanes, [](const auto& a, const auto& b) {
    return a->second.items.begin()->first < b->second.items.begin()->first;
  });
  return lanes;
}

template <BatchLane Lane>
auto Queue<Lane>::TakeFrom(typename Lanes::iterator lane,
                           const DeviceCost& device, absl::Time now,
                           absl::Time end,
                           absl::FunctionRef<bool(const Item&)> eligible)
    -> std::optional<Batch> {
  std::vector<Waiting> waiting;
  std::vector<Place> places;
  int looked_at = 0;
  for (const auto& [urgency, item] : lane->second.items) {
    if (looked_at++ == options_.window) break;
    if (!eligible(item)) continue;
    waiting.push_back({.sequence = &item.sequence,
                       .client = item.client,
                       .fingerprint = item.fingerprint,
                       .deadline = std::min(item.deadline, end)});
    places.push_back({.lane = lane->first, .urgency = urgency});
  }
  if (waiting.empty()) return std::nullopt;
  const Window window = MakeWindow(waiting, now);
  PlanLimits limits = lane->first->plan_limits;
  limits.max_padded_pieces =
      std::min(limits.max_padded_pieces, device.most_places);
  Batch batch;
  batch.plan = PlanBatch(window.items, limits, *device.cost);
  for (PlanRow& row : batch.plan.rows) {
    for (int& member : row.members) {
      const std::vector<int>& same = window.members[member];
      member = static_cast<int>(std::ssize(batch.items));
      for (const int index : same) batch.items.push_back(Remove(places[index]));
      for (int copy = member + 1; copy < std::ssize(batch.items); ++copy) {
        batch.plan.copies.push_back({.sequence = copy, .of = member});
      }
    }
  }
  batch.lane = batch.items.front().lane;
  return batch;
}

template <BatchLane Lane>
void Queue<Lane>::Learn(const Batch& batch, const CostModel& cost) {
  if (!cost.fitted()) return;
  double work = 0;
  int layers = 1;
  for (const Item& item : batch.items) {
    work += WorkOf(item);
    layers = std::max(layers, item.sequence.layers);
  }
  const double time =
      PredictedCost(std::ssize(batch.plan.rows), batch.plan.length, layers,
                    batch.lane->plan_limits, cost);
  lane_times_.Learn(batch.lane, absl::Seconds(time), work);
}

template <BatchLane Lane>
std::optional<absl::Duration> Queue<Lane>::Backlog() const {
  std::optional<absl::Duration> backlog;
  for (const auto& [key, lane] : lanes_) {
    const auto time =
        lane_times_.Predict(lane.items.begin()->second.lane, lane.work);
    if (!time.has_value()) continue;
    backlog =
        backlog.value_or(absl::ZeroDuration()) + (*time / options_.takers);
  }
  return backlog;
}

template <BatchLane Lane>
absl::Duration Queue<Lane>::LongestWait() const {
  absl::Time oldest = absl::InfiniteFuture();
  for (const auto& [key, lane] : lanes_) {
    oldest = std::min(oldest, lane.items.begin()->second.arrival);
  }
  return clock_.Now() - oldest;
}

}  // namespace strata

#endif  // STRATA_CORE_BATCH_QUEUE_H_
