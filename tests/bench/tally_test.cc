// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/tally.h"

#include <numeric>
#include <vector>

#include "gtest/gtest.h"

namespace strata::bench {
namespace {

TEST(PercentileTest, IsTheNearestRank) {
  std::vector<double> values(100);
  std::iota(values.begin(), values.end(), 1);
  EXPECT_EQ(Percentile(values, 0.5), 50);
  EXPECT_EQ(Percentile(values, 0.99), 99);
  EXPECT_EQ(Percentile(values, 0.999), 100);
  EXPECT_EQ(Percentile(values, 0), 1);
}

TEST(PercentileTest, OfNoneIsZero) { EXPECT_EQ(Percentile({}, 0.5), 0); }

TEST(TallyTest, CountsWhatEndedWell) {
  Tally tally({});
  tally.Count({.seconds = 0.25,
               .outcome = "OK",
               .texts = 2,
               .pieces = 30,
               .bytes = 100});
  tally.Count({.seconds = 9, .outcome = "UNAVAILABLE", .texts = 2});
  const Json json = tally.ToJson(/*seconds=*/4);
  EXPECT_EQ(json["texts"], 2);
  EXPECT_EQ(json["texts_per_second"], 0.5);
  EXPECT_EQ(json["pieces_per_second"], 7.5);
  EXPECT_EQ(json["bytes_per_second"], 25);
  EXPECT_EQ(json["latency"]["count"], 1);
  EXPECT_EQ(json["latency"]["p99_ms"], 250);
  EXPECT_EQ(json["failures"], (Json{{"UNAVAILABLE", 1}}));
}

TEST(TallyTest, KeepsLengthClassesApart) {
  Tally tally({16, 32});
  for (const int longest : {1, 16, 17, 33}) {
    tally.Count(
        {.seconds = 1.0 * longest, .outcome = "OK", .longest = longest});
  }
  const Json classes = tally.ToJson(1)["classes"];
  ASSERT_EQ(classes.size(), 2);
  EXPECT_EQ(classes[0]["most_pieces"], 16);
  EXPECT_EQ(classes[0]["count"], 2);
  EXPECT_EQ(classes[0]["longest_ms"], 16000);
  EXPECT_EQ(classes[1]["count"], 2);  // The last takes longer ones too.
  EXPECT_EQ(classes[1]["longest_ms"], 33000);
}

}  // namespace
}  // namespace strata::bench
