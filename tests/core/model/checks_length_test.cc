// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include <string>

#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/model/config.h"
#include "core/model/examination.h"
#include "core/model/report.h"
#include "core/model/subject.h"
#include "core/model/trace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/model/examined.h"
#include "tests/core/model/test_traces.h"

namespace strata {
namespace {

using ::testing::Contains;
using ::testing::Not;

TEST(LengthCheckTest, ATableTooShortSetsTheLongestLength) {
  const Examination examination = ExamineFile("pairs", ModelConfig{});
  ASSERT_TRUE(examination.verdict.ok()) << examination.verdict;
  EXPECT_EQ(examination.report.longest_pieces, kTestPositions);
  const Check check = FindCheck(examination, "longest_length");
  EXPECT_FALSE(check.passed);
  EXPECT_FALSE(check.essential);
  EXPECT_EQ(check.found, "runs on 64, fails on 65: index out of range in self");
}

TEST(LengthCheckTest, ALengthThatTheConfigurationPromisesIsTried) {
  const Examination examination = ExamineFile("pairs", {.max_pieces = 80});
  EXPECT_EQ(examination.report.longest_pieces, kTestPositions);
  const Check check = FindCheck(examination, "longest_length");
  EXPECT_FALSE(check.passed);
  EXPECT_EQ(check.found,
            "runs on 64, fails on 65: index out of range in self; "
            "strata.json's max_pieces says 80, of which 64 are served");
}

TEST(LengthCheckTest, ATableTooShortInALaterLayerSetsItToo) {
  const Examination examination =
      ExamineFile("short_last_table", {.max_pieces = 60});
  ASSERT_TRUE(examination.verdict.ok()) << examination.verdict;
  EXPECT_EQ(examination.report.longest_pieces, 40);
  EXPECT_EQ(
      FindCheck(examination, "longest_length").found,
      "runs on 40, fails on 41: index 40 is out of bounds for dimension 0 "
      "with size 40; strata.json's max_pieces says 60, of which 40 are served");
}

// Of 16 positions: no probe may be longer than strata.json says.
TEST(LengthCheckTest, AModelOfFewPositionsIsServed) {
  const Examination examination =
      ExamineFile("few_positions", {.max_pieces = 16});
  ASSERT_TRUE(examination.verdict.ok()) << examination.verdict;
  EXPECT_EQ(examination.report.longest_pieces, 16);
}

TEST(LengthCheckTest, ALimitBelowWhatIsKnownToRunIsKept) {
  EXPECT_EQ(ExamineFile("pairs", {.max_pieces = 5}).report.longest_pieces, 5);
}

// Two seconds pass before every `period`-th look at it, and none otherwise.
class JumpingClock final : public Clock {
 public:
  explicit JumpingClock(int period) : period_(period) {}

  absl::Time Now() const override {
    if (++looks_ % period_ == 0) now_ += absl::Seconds(2);
    return now_;
  }

 private:
  const int period_;
  mutable int looks_ = 0;
  mutable absl::Time now_ = absl::UnixEpoch();
};

TEST(LengthCheckTest, SlowForwardsEndTheSearchForLength) {
  const JumpingClock clock(1);
  const Examination examination = ExamineFile("unmasked_causal", {}, clock);
  EXPECT_EQ(examination.report.longest_pieces, 46);
  EXPECT_EQ(FindCheck(examination, "longest_length").found,
            "runs on 46, longer ones not tried since that took more than 1s");
}

// A forward's time is two looks, and one is looked at before the search: so the
// first try of each length is slow and the second is not.
TEST(LengthCheckTest, AForwardThatIsSlowOnceDoesNotEndTheSearch) {
  const JumpingClock clock(4);
  const Examination slow_once = ExamineFile("pairs", {}, clock);
  const Examination never_slow = ExamineFile("pairs", {});
  EXPECT_EQ(slow_once.report.longest_pieces, never_slow.report.longest_pieces);
  EXPECT_GT(slow_once.report.longest_pieces, 46);
}

TEST(LengthCheckTest, ResultsThatAreNotFiniteAreToldFromFailures) {
  const Examination examination =
      ExamineFile("too_far_nan", {.max_pieces = 200});
  ASSERT_TRUE(examination.verdict.ok()) << examination.verdict;
  EXPECT_EQ(examination.report.longest_pieces, kTestPositions);
  EXPECT_EQ(FindCheck(examination, "longest_length").found,
            "runs on 64, fails on 65: its results are not finite, although "
            "those of the same pieces are in a shorter sequence; "
            "strata.json's max_pieces says 200, of which 64 are served");
}

// A random sequence of 46 pieces holds one whose vector is not a number, which
// must not lower the limit.
TEST(LengthCheckTest, APieceWithoutAFiniteVectorSaysNothingOfLengths) {
  Trace trace = LoadTestTrace("nan_piece");
  const ModelConfig config;
  Subject subject{.trace = trace, .config = config, .clock = Clock::Real()};
  subject.report.vocabulary_size = kTestVocabulary;
  constexpr int kNanPiece = 4;
  ASSERT_THAT(Probe(subject, 23, 0).ids, Not(Contains(kNanPiece)));
  ASSERT_THAT(Probe(subject, 46, 0).ids, Contains(kNanPiece));

  const Examination examination = ExamineFile("nan_piece", {.max_pieces = 300});
  ASSERT_TRUE(examination.verdict.ok()) << examination.verdict;
  EXPECT_EQ(examination.report.longest_pieces, 300);
}

}  // namespace
}  // namespace strata
