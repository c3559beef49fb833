// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/warm_up.h"

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/base/host_tensor.h"
#include "core/batch/cost.h"
#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "core/batch/runner.h"
#include "gtest/gtest.h"
#include "tests/fakes/fake_clock.h"

namespace strata {
namespace {

// Takes 1 ms a forward and 10 us a place, `dear` in batches of more than
// `kept`.
class TimedRunner final : public Runner {
 public:
  explicit TimedRunner(FakeClock& clock) : clock_(clock) {}

  std::string Device() const override { return "timed"; }

  std::int64_t memory = 1 << 20;
  std::int64_t kept = 1 << 20;
  absl::Duration dear = absl::Microseconds(20);
  std::set<int> depths;
  int forwards = 0;

 private:
  absl::StatusOr<std::vector<std::vector<HostTensor>>> Compute(
      std::span<const Sequence* const> sequences, const BatchPlan& plan,
      Checkpoint /*checkpoint*/) override {
    ++forwards;
    const auto places = std::ssize(plan.rows) * plan.length;
    if (places > memory) return FullError("no memory", absl::Seconds(1));
    clock_.Advance(absl::Milliseconds(1) +
                   ((places > kept ? dear : absl::Microseconds(10)) * places));
    depths.insert(sequences[0]->layers);
    return std::vector<std::vector<HostTensor>>(sequences.size());
  }

  FakeClock& clock_;
};

class WarmUpTest : public testing::Test {
 protected:
  // The most places that a batch should have, and that were measured; zeros
  // after an error.
  std::pair<int, int> Most() {
    const auto result = WarmUp(runner_, limits_, clock_);
    if (!result.ok()) return {};
    const ForwardTiming& last = result->timings.back();
    return {result->most_places, last.rows * last.length};
  }

  FakeClock clock_;
  TimedRunner runner_{clock_};
  WarmUpLimits limits_{
      .longest_pieces = 128, .max_places = 1 << 12, .budget = absl::Hours(1)};
};

TEST_F(WarmUpTest, MeasuresWhatForwardsTake) {
  const auto result = WarmUp(runner_, limits_, clock_);
  ASSERT_TRUE(result.ok()) << result.status();
  const CostModel cost = CostModel::Fit(result->timings);
  EXPECT_NEAR(cost.Cost(4, 100), 0.001 + (400 * 0.00001), 1e-6);
}

// Long ones tell enough at once.
TEST_F(WarmUpTest, SlowForwardsAreTimedOnce) {
  limits_.max_places = 32;
  ASSERT_TRUE(WarmUp(runner_, limits_, clock_).ok());
  // One of 16 places first, then 16 in short rows, and 32 in short and in long.
  EXPECT_EQ(runner_.forwards, 1 + (2 * 3));
  runner_.forwards = 0;
  runner_.kept = 0;
  runner_.dear = absl::Seconds(1);
  ASSERT_TRUE(WarmUp(runner_, limits_, clock_).ok());
  EXPECT_EQ(runner_.forwards, 1 + 3);
}

TEST_F(WarmUpTest, EndsWhereLargerBatchesAreNoCheaper) {
  runner_.kept = 512;
  EXPECT_EQ(Most(), std::pair(2048, 2048));
}

// Something else held the device, say.
TEST_F(WarmUpTest, BatchesOfAFewHundredPlacesAreTriedInAnyCase) {
  runner_.kept = 64;
  runner_.dear = absl::Microseconds(100);
  EXPECT_EQ(Most(), std::pair(1024, 1024));
}

TEST_F(WarmUpTest, EndsAtTheLimit) {
  limits_.max_places = 200;
  EXPECT_EQ(Most(), std::pair(200, 128));
}

TEST_F(WarmUpTest, EndsWhereMemoryDoes) {
  runner_.memory = 300;
  EXPECT_EQ(Most(), std::pair(256, 256));
}

// Three forwards of 1.16 ms, then four of 1.32 that should take twice as long
// as the last two; what comes after those would end too late.
TEST_F(WarmUpTest, EndsWithItsTime) {
  limits_.budget = absl::Milliseconds(9);
  EXPECT_EQ(Most(), std::pair(512, 32));
}

TEST_F(WarmUpTest, FailsWhereNothingRuns) {
  runner_.memory = 0;
  EXPECT_EQ(WarmUp(runner_, limits_, clock_).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST_F(WarmUpTest, RunsToEachLayerThatCanBeWanted) {
  limits_.layers = 4;
  limits_.layers_cut = true;
  ASSERT_GT(Most().first, 0);
  EXPECT_EQ(runner_.depths, (std::set<int>{1, 2, 3, 4}));
}

TEST_F(WarmUpTest, OfWhatIsKnownTheSmallestRuns) {
  const std::vector<ForwardTiming> known = {{.rows = 1, .length = 16},
                                            {.rows = 2, .length = 256}};
  const auto again = [&](bool take_memory) {
    return WarmUpAgain(runner_, known, /*layers=*/3, take_memory, clock_);
  };
  // Once for what happens once, twice for the time.
  EXPECT_EQ(again(false).value(), absl::Microseconds(1160));
  EXPECT_EQ(runner_.forwards, 3);
  EXPECT_EQ(again(true).value(), absl::Microseconds(1160));
  EXPECT_EQ(runner_.forwards, 7);
  EXPECT_EQ(runner_.depths, std::set{3});
  runner_.memory = 256;
  EXPECT_TRUE(again(true).ok());
  runner_.memory = 8;
  EXPECT_FALSE(again(false).ok());
}

}  // namespace
}  // namespace strata
