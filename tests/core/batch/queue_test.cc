// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/batch/queue.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/base/mutex.h"
#include "core/batch/cost.h"
#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "gtest/gtest.h"
#include "tests/fakes/fake_clock.h"

namespace strata {
namespace {

struct TestLane {
  PlanLimits plan_limits;
};

using TestQueue = Queue<TestLane>;

const CostModel kCost;

std::optional<DeviceCost> Any(const TestLane& /*lane*/) {
  return DeviceCost{.cost = &kCost};
}

// A lane whose batches hold one sequence each, so that order shows.
std::shared_ptr<const TestLane> SingleRows() {
  return std::make_shared<TestLane>(TestLane{.plan_limits = {.max_rows = 1}});
}

class QueueTest : public testing::Test {
 protected:
  // An item of `pieces` pieces, others than other calls'; the test sees its
  // abandonment by `call`.
  TestQueue::Item Item(std::uint64_t call, int pieces = 1) {
    return {.call = call,
            .lane = lane_,
            .sequence = {.ids = std::vector<std::int64_t>(
                             pieces, static_cast<std::int64_t>(call))},
            .done = [this, call](const absl::StatusOr<Computed>& computed) {
              abandoned_[call].push_back(computed.status());
            }};
  }

  static absl::Status Push(TestQueue& queue, TestQueue::Item item) {
    std::vector<TestQueue::Item> items;
    items.push_back(std::move(item));
    return queue.Push(items);
  }

  absl::Status PushWithPriority(TestQueue& queue, std::uint64_t call,
                                int priority, int pieces = 1) {
    TestQueue::Item item = Item(call, pieces);
    item.priority = priority;
    return Push(queue, std::move(item));
  }

  using CostOf = TestQueue::CostOf;

  // The next batch; one of no items where there is none.
  static TestQueue::Batch Take(TestQueue& queue, const CostOf& cost_of = Any) {
    return queue.Take(cost_of).value_or(TestQueue::Batch());
  }

  // The calls of the next batch.
  static std::vector<std::uint64_t> TakeCalls(TestQueue& queue,
                                              const CostOf& cost_of = Any) {
    std::vector<std::uint64_t> calls;
    const TestQueue::Batch batch = Take(queue, cost_of);
    calls.reserve(batch.items.size());
    for (const auto& item : batch.items) calls.push_back(item.call);
    return calls;
  }

  using Calls = std::vector<std::uint64_t>;

  FakeClock clock_;
  std::shared_ptr<const TestLane> lane_ = SingleRows();
  std::map<std::uint64_t, std::vector<absl::Status>> abandoned_;
};

TEST_F(QueueTest, TakesInOrderOfArrival) {
  TestQueue queue({}, clock_);
  ASSERT_TRUE(Push(queue, Item(1)).ok());
  ASSERT_TRUE(Push(queue, Item(2)).ok());
  EXPECT_EQ(queue.size(), 2);
  EXPECT_EQ(TakeCalls(queue), Calls{1});
  EXPECT_EQ(TakeCalls(queue), Calls{2});
  EXPECT_EQ(queue.size(), 0);
}

TEST_F(QueueTest, BatchesWhatFitsAndRenumbersThePlan) {
  lane_ = std::make_shared<TestLane>();
  TestQueue queue({}, clock_);
  ASSERT_TRUE(Push(queue, Item(1, 5)).ok());
  ASSERT_TRUE(Push(queue, Item(2, 500)).ok());
  ASSERT_TRUE(Push(queue, Item(3, 6)).ok());
  const TestQueue::Batch batch = Take(queue);
  EXPECT_EQ(batch.lane, lane_);
  ASSERT_EQ(batch.items.size(), 2);
  EXPECT_EQ(batch.items[0].call, 1);
  EXPECT_EQ(batch.items[1].call, 3);
  EXPECT_EQ(batch.plan, (BatchPlan{.rows = {{{0}}, {{1}}}, .length = 6}));
  EXPECT_EQ(TakeCalls(queue), Calls{2});
}

TEST_F(QueueTest, OneClientLeavesRoomForTheOthers) {
  TestQueue queue({.max_pieces = 100, .max_client_share = 0.5}, clock_);
  const auto push = [&](std::uint64_t call, int pieces,
                        const std::string& client) {
    TestQueue::Item item = Item(call, pieces);
    item.client = client;
    return Push(queue, std::move(item));
  };
  ASSERT_TRUE(push(1, 30, "a").ok());
  const absl::Status full = push(2, 21, "a");
  EXPECT_EQ(ReasonOf(full), Reason::kServerFull);
  EXPECT_EQ(full.message(),
            "30 pieces of this client wait and the request has 21; at most 50 "
            "may wait");
  EXPECT_TRUE(push(3, 20, "a").ok());
  EXPECT_TRUE(push(4, 40, "b").ok());
  EXPECT_EQ(push(5, 11, "").message(),
            "90 pieces wait and the request has 11; at most 100 may wait");
  // What leaves makes room.
  EXPECT_EQ(TakeCalls(queue), Calls{1});
  EXPECT_TRUE(push(6, 30, "a").ok());
  queue.Cancel(3);
  queue.Cancel(6);
  EXPECT_TRUE(push(7, 50, "a").ok());
}

// As an empty queue takes any.
TEST_F(QueueTest, AClientWithNothingThatWaitsMayHaveALongOne) {
  TestQueue queue({.max_pieces = 100, .max_client_share = 0.1}, clock_);
  TestQueue::Item item = Item(1, 60);
  item.client = std::string("a");
  ASSERT_TRUE(Push(queue, Item(2)).ok());
  EXPECT_TRUE(Push(queue, std::move(item)).ok());
}

TEST_F(QueueTest, HigherPriorityGoesFirst) {
  TestQueue queue({}, clock_);
  ASSERT_TRUE(Push(queue, Item(1)).ok());
  ASSERT_TRUE(PushWithPriority(queue, 2, 1).ok());
  EXPECT_EQ(TakeCalls(queue), Calls{2});
  EXPECT_EQ(TakeCalls(queue), Calls{1});
}

// The bound of the class comment: one step is overtaken for `ageing`, not
// longer.
TEST_F(QueueTest, WaitingMakesUpForPriority) {
  TestQueue queue({.ageing = absl::Milliseconds(500)}, clock_);
  ASSERT_TRUE(Push(queue, Item(1)).ok());
  clock_.Advance(absl::Milliseconds(499));
  ASSERT_TRUE(PushWithPriority(queue, 2, 1).ok());
  clock_.Advance(absl::Milliseconds(2));
  ASSERT_TRUE(PushWithPriority(queue, 3, 1).ok());
  EXPECT_EQ(TakeCalls(queue), Calls{2});
  EXPECT_EQ(TakeCalls(queue), Calls{1});
  EXPECT_EQ(TakeCalls(queue), Calls{3});
}

TEST_F(QueueTest, FullRefusesAllOfACallAndSaysWhenToRetry) {
  TestQueue queue({.max_pieces = 10}, clock_);
  ASSERT_TRUE(Push(queue, Item(1, 6)).ok());
  clock_.Advance(absl::Seconds(2));
  std::vector<TestQueue::Item> items;
  items.push_back(Item(2, 3));
  items.push_back(Item(2, 2));
  const absl::Status status = queue.Push(items);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(),
            "6 pieces wait and the request has 5; at most 10 may wait");
  EXPECT_EQ(RetryAfterOf(status), absl::Seconds(2));
  EXPECT_EQ(queue.size(), 1);
  EXPECT_EQ(items[0].sequence.pieces(), 3) << "refused items are untouched";
  EXPECT_TRUE(abandoned_.empty());
  // What leaves makes room.
  EXPECT_EQ(TakeCalls(queue), Calls{1});
  EXPECT_TRUE(queue.Push(items).ok());
}

TEST_F(QueueTest, AnEmptyQueueTakesAnySize) {
  TestQueue queue({.max_pieces = 10}, clock_);
  EXPECT_TRUE(Push(queue, Item(1, 11)).ok());
}

TEST_F(QueueTest, TheExpiredLeaveBeforeTheyCostCompute) {
  TestQueue queue({}, clock_);
  for (std::uint64_t call = 1; call <= 3; ++call) {
    auto item = Item(call);
    if (call != 2) item.deadline = clock_.Now() + absl::Seconds(call);
    ASSERT_TRUE(Push(queue, std::move(item)).ok());
  }
  clock_.Advance(absl::Seconds(1));  // Exactly the first's deadline.
  EXPECT_EQ(TakeCalls(queue), Calls{2});
  ASSERT_EQ(abandoned_[1].size(), 1);
  EXPECT_EQ(ReasonOf(abandoned_[1][0]), Reason::kDeadlinePassed);
  EXPECT_EQ(TakeCalls(queue), Calls{3});
  EXPECT_EQ(abandoned_.size(), 1);
}

TEST_F(QueueTest, CancelTakesOutOneCallsItems) {
  TestQueue queue({}, clock_);
  std::vector<TestQueue::Item> items;
  items.push_back(Item(7));
  items.push_back(Item(7, 2));
  ASSERT_TRUE(queue.Push(items).ok());
  ASSERT_TRUE(Push(queue, Item(8)).ok());
  queue.Cancel(7);
  ASSERT_EQ(abandoned_[7].size(), 2);
  EXPECT_EQ(ReasonOf(abandoned_[7][0]), Reason::kCallerCancelled);
  queue.Cancel(7);    // Gone already.
  queue.Cancel(999);  // Never seen.
  EXPECT_EQ(abandoned_[7].size(), 2);
  EXPECT_EQ(TakeCalls(queue), Calls{8});
}

TEST_F(QueueTest, TakesOnlyAcceptedLanes) {
  TestQueue queue({}, clock_);
  ASSERT_TRUE(Push(queue, Item(1)).ok());
  const auto other = SingleRows();
  lane_ = other;
  ASSERT_TRUE(Push(queue, Item(2)).ok());
  const auto cost_of =
      [&other](const TestLane& lane) -> std::optional<DeviceCost> {
    if (&lane != other.get()) return std::nullopt;
    return DeviceCost{.cost = &kCost};
  };
  EXPECT_EQ(TakeCalls(queue, cost_of), Calls{2});
}

// However high a priority, there is a bound to what it overtakes.
TEST_F(QueueTest, PrioritiesHaveABound) {
  TestQueue queue({.ageing = absl::Milliseconds(500)}, clock_);
  ASSERT_TRUE(Push(queue, Item(1)).ok());
  clock_.Advance(absl::Seconds(5));
  ASSERT_TRUE(PushWithPriority(queue, 2, 1000).ok());
  ASSERT_TRUE(PushWithPriority(queue, 3, -1000).ok());
  clock_.Advance(absl::Milliseconds(5001));
  ASSERT_TRUE(Push(queue, Item(4)).ok());
  for (const std::uint64_t call : {1, 2, 3, 4}) {
    EXPECT_EQ(TakeCalls(queue), Calls{call});
  }
}

TEST_F(QueueTest, TheLaneOfTheMostUrgentGoesFirst) {
  TestQueue queue({}, clock_);
  ASSERT_TRUE(Push(queue, Item(1)).ok());
  lane_ = SingleRows();
  clock_.Advance(absl::Milliseconds(1));
  ASSERT_TRUE(Push(queue, Item(2)).ok());
  EXPECT_EQ(TakeCalls(queue), Calls{1});
  EXPECT_EQ(TakeCalls(queue), Calls{2});
}

TEST_F(QueueTest, TheWindowBoundsWhatAPlanSees) {
  lane_ = std::make_shared<TestLane>();
  TestQueue queue({.window = 2}, clock_);
  for (std::uint64_t call = 1; call <= 3; ++call) {
    ASSERT_TRUE(Push(queue, Item(call, 4)).ok());
  }
  EXPECT_EQ(TakeCalls(queue), (Calls{1, 2}));
  EXPECT_EQ(TakeCalls(queue), Calls{3});
}

TEST_F(QueueTest, TheSamePiecesAreComputedOnce) {
  lane_ = std::make_shared<TestLane>();
  TestQueue queue({}, clock_);
  ASSERT_TRUE(Push(queue, Item(1, 5)).ok());
  ASSERT_TRUE(Push(queue, Item(2, 6)).ok());
  auto twin = Item(3, 5);
  twin.sequence = {.ids = {1, 1, 1, 1, 1}, .layers = 2};
  ASSERT_TRUE(Push(queue, std::move(twin)).ok());
  auto other_types = Item(4, 5);
  other_types.sequence = {.ids = {1, 1, 1, 1, 1}, .type_ids = {0, 0, 0, 0, 1}};
  ASSERT_TRUE(Push(queue, std::move(other_types)).ok());
  const TestQueue::Batch batch = Take(queue);
  ASSERT_EQ(batch.items.size(), 4);
  EXPECT_EQ(batch.items[1].call, 3);
  EXPECT_EQ(batch.plan, (BatchPlan{.rows = {{{0}}, {{2}}, {{3}}},
                                   .length = 6,
                                   .copies = {{.sequence = 1, .of = 0}}}));
}

TEST_F(QueueTest, NothingIsSharedBetweenClients) {
  lane_ = std::make_shared<TestLane>(TestLane{
      .plan_limits = {.packing_exact = true, .prefix_sharing_exact = true}});
  TestQueue queue({}, clock_);
  for (std::uint64_t call = 1; call <= 4; ++call) {
    auto item = Item(call);
    item.sequence.ids.assign(200, 5);
    item.sequence.ids.push_back(call < 3 ? 6 : 7);
    item.client = std::string(1, call % 2 == 0 ? 'a' : 'b');
    ASSERT_TRUE(Push(queue, std::move(item)).ok());
  }
  // 1 and 3 are of one client and begin alike; the others wait for their turn.
  const TestQueue::Batch first = Take(queue);
  ASSERT_EQ(first.items.size(), 2);
  EXPECT_EQ(first.items[0].call, 1);
  EXPECT_EQ(first.items[1].call, 3);
  EXPECT_EQ(first.plan, (BatchPlan{.rows = {{{0, 1}, 200}}, .length = 202}));
  const TestQueue::Batch second = Take(queue);
  EXPECT_EQ(second.plan, (BatchPlan{.rows = {{{0, 1}, 200}}, .length = 202}));
  EXPECT_EQ(second.items[0].client, "a");
  EXPECT_EQ(second.items[1].client, "a");
}

TEST_F(QueueTest, ADeadlineCountsAsOneStepOfPriorityAtMost) {
  TestQueue queue({.ageing = absl::Milliseconds(500)}, clock_);
  ASSERT_TRUE(Push(queue, Item(1)).ok());
  clock_.Advance(absl::Milliseconds(300));
  const auto push = [&](std::uint64_t call, absl::Duration left) {
    auto item = Item(call);
    item.deadline = clock_.Now() + left;
    ASSERT_TRUE(Push(queue, std::move(item)).ok());
  };
  push(2, absl::Milliseconds(700));  // As one that just arrived.
  push(3, absl::Milliseconds(100));  // As one of 0.4 s ago.
  clock_.Advance(absl::Milliseconds(50));
  EXPECT_EQ(TakeCalls(queue), Calls{3});
  EXPECT_EQ(TakeCalls(queue), Calls{1});
  EXPECT_EQ(TakeCalls(queue), Calls{2});
}

TEST_F(QueueTest, ADeviceThatHadNoMemoryGetsSmallerBatches) {
  lane_ = std::make_shared<TestLane>();
  TestQueue queue({}, clock_);
  for (std::uint64_t call = 1; call <= 4; ++call) {
    ASSERT_TRUE(Push(queue, Item(call, 10)).ok());
  }
  const auto small = [](const TestLane& /*lane*/) {
    return std::optional(DeviceCost{.cost = &kCost, .most_places = 20});
  };
  EXPECT_EQ(TakeCalls(queue, small), (Calls{1, 2}));
  EXPECT_EQ(TakeCalls(queue), (Calls{3, 4}));
}

// A second for each place.
const CostModel kSlow = CostModel::Fit(std::vector<ForwardTiming>{
    {.rows = 1, .length = 1, .time = absl::Seconds(1)},
    {.rows = 1, .length = 100, .time = absl::Seconds(100)}});

const CostModel kQuick = CostModel::Fit(std::vector<ForwardTiming>{
    {.rows = 1, .length = 1, .time = absl::Milliseconds(100)},
    {.rows = 1, .length = 100, .time = absl::Seconds(10)}});

TEST_F(QueueTest, ARetryIsWorthItBetweenATenthOfASecondAndTen) {
  TestQueue queue({}, clock_);
  EXPECT_EQ(queue.RetryAfter(), absl::Milliseconds(100));
  ASSERT_TRUE(Push(queue, Item(1)).ok());
  clock_.Advance(absl::Seconds(3));
  EXPECT_EQ(queue.RetryAfter(), absl::Seconds(3));
  clock_.Advance(absl::Seconds(30));
  EXPECT_EQ(queue.RetryAfter(), absl::Seconds(10));
}

TEST_F(QueueTest, WhatCannotBeInTimeIsRefusedAtOnce) {
  const auto slow = [](const TestLane& /*lane*/) {
    return std::optional(DeviceCost{.cost = &kSlow});
  };
  TestQueue queue({.takers = 2}, clock_);
  ASSERT_TRUE(Push(queue, Item(1, 3)).ok());
  EXPECT_EQ(TakeCalls(queue, slow), Calls{1});  // A piece takes a second.
  ASSERT_TRUE(Push(queue, Item(2, 12)).ok());   // Six seconds, by two.
  auto hopeless = Item(3);
  hopeless.deadline = clock_.Now() + absl::Milliseconds(2900);
  std::vector<TestQueue::Item> items;
  items.push_back(std::move(hopeless));
  const absl::Status status = queue.Push(items);
  EXPECT_EQ(ReasonOf(status), Reason::kServerFull);
  EXPECT_EQ(status.message(),
            "what waits takes about 6s and the request's deadline is in 2.9s");
  EXPECT_EQ(RetryAfterOf(status), absl::Seconds(6));
  EXPECT_EQ(queue.RetryAfter(), absl::Seconds(6));
  // The more urgent does not wait for it, and who has twice as long may hope.
  items[0].priority = 1;
  EXPECT_TRUE(queue.Push(items).ok());
  auto hopeful = Item(4);
  hopeful.deadline = clock_.Now() + absl::Milliseconds(3600);
  EXPECT_TRUE(Push(queue, std::move(hopeful)).ok());
}

// Lanes differ in what their pieces take, and a shallow forward takes less.
TEST_F(QueueTest, WhatWaitsIsTimedByItsLaneAndDepth) {
  const std::shared_ptr<const TestLane> quick = std::make_shared<TestLane>(
      TestLane{.plan_limits = {.layers_cut = true, .layers = 4}});
  const auto slow = lane_;
  const auto cost_of = [&](const TestLane& lane) {
    return std::optional(
        DeviceCost{.cost = &lane == slow.get() ? &kSlow : &kQuick});
  };
  TestQueue queue({}, clock_);
  for (const auto& lane : {quick, slow}) {
    lane_ = lane;
    ASSERT_TRUE(Push(queue, Item(1, 3)).ok());
    EXPECT_EQ(TakeCalls(queue, cost_of), Calls{1});
  }
  const auto backlog = [&] {
    auto hopeless = Item(9);
    hopeless.deadline = clock_.Now() + absl::Milliseconds(1);
    return RetryAfterOf(Push(queue, std::move(hopeless)));
  };
  auto shallow = Item(2, 8);
  shallow.lane = quick;
  shallow.sequence.layers = 2;
  ASSERT_TRUE(Push(queue, std::move(shallow)).ok());
  EXPECT_EQ(backlog(), absl::Milliseconds(400));
  ASSERT_TRUE(Push(queue, Item(3, 5)).ok());
  EXPECT_EQ(backlog(), absl::Milliseconds(5400));
}

class BetweenTest : public QueueTest {
 protected:
  BetweenTest() { lane_ = std::make_shared<TestLane>(); }

  // The calls of the batch that interrupts a forward of so many seconds.
  Calls Between(int remaining, int spare = 1000) {
    const auto batch = queue_.TakeBetween(
        [](const TestLane& /*lane*/) {
          return std::optional(DeviceCost{.cost = &kSlow});
        },
        {.remaining = absl::Seconds(remaining), .spare = absl::Seconds(spare)});
    Calls calls;
    if (!batch.has_value()) return calls;
    for (const auto& item : batch->items) calls.push_back(item.call);
    return calls;
  }

  TestQueue queue_{{}, clock_};
};

TEST_F(BetweenTest, TheShortDoNotWaitForALongForward) {
  ASSERT_TRUE(Push(queue_, Item(1, 30)).ok());
  ASSERT_TRUE(Push(queue_, Item(2, 5)).ok());
  EXPECT_EQ(Between(40), Calls{2});
  EXPECT_EQ(Between(40), Calls{});
  EXPECT_EQ(queue_.size(), 1);
}

// An answer may take four times what its input takes alone.
TEST_F(BetweenTest, NothingIsInterruptedForWhatHasTime) {
  ASSERT_TRUE(Push(queue_, Item(1, 5)).ok());
  EXPECT_EQ(Between(15), Calls{});
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Between(15), Calls{1});
}

TEST_F(BetweenTest, WhatGoesBetweenIsShortAltogether) {
  for (std::uint64_t call = 1; call <= 4; ++call) {
    ASSERT_TRUE(Push(queue_, Item(call, 4)).ok());
  }
  EXPECT_EQ(Between(22), (Calls{1, 2}));
  EXPECT_EQ(Between(22, /*spare=*/3), Calls{});
  EXPECT_EQ(Between(22, /*spare=*/4), Calls{3});
}

TEST_F(BetweenTest, TheLessUrgentDoNotInterrupt) {
  ASSERT_TRUE(PushWithPriority(queue_, 1, -1, 5).ok());
  EXPECT_EQ(Between(40), Calls{});
  ASSERT_TRUE(Push(queue_, Item(2, 5)).ok());
  EXPECT_EQ(Between(40), Calls{2});
}

TEST_F(BetweenTest, NothingIsInterruptedByADeviceThatCannotKeepUp) {
  ASSERT_TRUE(Push(queue_, Item(1, 5)).ok());
  clock_.Advance(absl::Seconds(16));
  ASSERT_TRUE(Push(queue_, Item(2, 5)).ok());
  EXPECT_EQ(Between(40), Calls{});
}

TEST_F(QueueTest, StopAbandonsAndRefuses) {
  TestQueue queue({}, clock_);
  ASSERT_TRUE(Push(queue, Item(1)).ok());
  queue.Stop();
  EXPECT_EQ(ReasonOf(abandoned_[1].at(0)), Reason::kServerStopping);
  EXPECT_EQ(ReasonOf(Push(queue, Item(2))), Reason::kServerStopping);
  EXPECT_FALSE(queue.Take(Any).has_value());
}

TEST_F(QueueTest, WhatHasExpiredMakesRoom) {
  TestQueue queue({.max_pieces = 2}, clock_);
  TestQueue::Item late = Item(1, 2);
  late.deadline = clock_.Now() + absl::Seconds(1);
  ASSERT_TRUE(Push(queue, std::move(late)).ok());
  EXPECT_EQ(ReasonOf(Push(queue, Item(2))), Reason::kServerFull);
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(Push(queue, Item(3)).ok());
  EXPECT_EQ(ReasonOf(abandoned_[1].at(0)), Reason::kDeadlinePassed);
  EXPECT_EQ(TakeCalls(queue), Calls{3});
}

TEST_F(QueueTest, DropAbandonsTheLanesThatItsCheckRefuses) {
  TestQueue queue({}, clock_);
  const auto kept = SingleRows();
  const auto refused = lane_;
  ASSERT_TRUE(Push(queue, Item(1)).ok());
  ASSERT_TRUE(Push(queue, Item(2)).ok());
  lane_ = kept;
  ASSERT_TRUE(Push(queue, Item(3)).ok());
  queue.Drop([&](const TestLane& lane) {
    return &lane == kept.get() ? absl::OkStatus()
                               : Error(Reason::kDeviceLost, "gone");
  });
  EXPECT_EQ(abandoned_[1].at(0).message(), "gone");
  EXPECT_EQ(abandoned_[2].at(0).message(), "gone");
  EXPECT_EQ(queue.size(), 1);
  EXPECT_EQ(TakeCalls(queue), Calls{3});
}

TEST_F(QueueTest, StopWakesAWaitingTaker) {
  TestQueue queue({}, clock_);
  std::jthread taker([&queue] { EXPECT_FALSE(queue.Take(Any).has_value()); });
  queue.Stop();
}

// Callbacks run under no lock: one may push again.
TEST_F(QueueTest, AbandoningMayPush) {
  TestQueue queue({}, clock_);
  auto item = Item(1);
  item.done = [&](const absl::StatusOr<Computed>& computed) {
    EXPECT_EQ(ReasonOf(computed.status()), Reason::kCallerCancelled);
    EXPECT_TRUE(Push(queue, Item(2)).ok());
  };
  ASSERT_TRUE(Push(queue, std::move(item)).ok());
  queue.Cancel(1);
  EXPECT_EQ(TakeCalls(queue), Calls{2});
}

TEST_F(QueueTest, EveryItemLeavesOnceWhateverTheThreadsDo) {
  constexpr int kPushers = 3;
  constexpr int kItems = 300;
  TestQueue queue({}, clock_);
  Mutex mutex;
  std::map<std::uint64_t, int> left;
  const auto leave = [&](std::uint64_t call) {
    MutexLock lock(mutex);
    ++left[call];
  };
  {
    std::vector<std::jthread> takers;
    takers.reserve(2);
    for (int i = 0; i < 2; ++i) {
      takers.emplace_back([&] {
        while (auto batch = queue.Take(Any)) {
          for (auto& item : batch->items) {
            std::move(item.done)(Computed{});
          }
        }
      });
    }
    {
      std::vector<std::jthread> pushers;
      pushers.reserve(kPushers);
      for (int p = 0; p < kPushers; ++p) {
        pushers.emplace_back([&, p] {
          for (int i = 0; i < kItems; ++i) {
            const std::uint64_t call = (p * kItems) + i;
            auto item = Item(call);
            item.done = [&leave, call](const auto&) { leave(call); };
            EXPECT_TRUE(Push(queue, std::move(item)).ok());
            if (i % 3 == 0) queue.Cancel(call);
          }
        });
      }
    }
    queue.Stop();
  }
  EXPECT_EQ(left.size(), kPushers * kItems);
  for (const auto& [call, times] : left) EXPECT_EQ(times, 1) << call;
}

}  // namespace
}  // namespace strata
