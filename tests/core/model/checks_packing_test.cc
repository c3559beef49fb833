// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include <filesystem>
#include <string>

#include "core/base/clock.h"
#include "core/model/config.h"
#include "core/model/examination.h"
#include "core/model/report.h"
#include "core/model/trace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/model/examined.h"
#include "tests/core/model/test_traces.h"
#include "torch/script.h"

namespace strata {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct PackingCase {
  std::string name;
  bool packing;
  bool sharing;
};

class PackingTest : public testing::TestWithParam<PackingCase> {};

TEST_P(PackingTest, IsJudgedByNumbers) {
  if (!std::filesystem::exists(TestTraceFile(GetParam().name))) {
    GTEST_SKIP() << "curated-transformers was not installed";
  }
  const Examination examination = ExamineFile(GetParam().name);
  ASSERT_TRUE(examination.verdict.ok()) << examination.verdict;
  EXPECT_EQ(examination.report.packing_exact, GetParam().packing)
      << FindCheck(examination, "packing_exact").found;
  EXPECT_EQ(examination.report.prefix_sharing_exact, GetParam().sharing)
      << FindCheck(examination, "prefix_sharing_exact").found;
  for (const char* name : {"packing_exact", "prefix_sharing_exact"}) {
    EXPECT_FALSE(FindCheck(examination, name).essential);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Traces, PackingTest,
    testing::Values(PackingCase{"pairs", true, true},
                    PackingCase{"pairs_bfloat16", true, true},
                    // Without positions, but in the dictionary.
                    PackingCase{"dict", true, true},
                    // Rounding hides what a wrong place does, or a look ahead.
                    PackingCase{"dict_bfloat16", true, false},
                    PackingCase{"pairs_faint_bfloat16", true, false},
                    // Relative positions, which the dictionary alone keeps.
                    PackingCase{"falcon", true, false},
                    // An encoder's prefix sees what comes after it.
                    PackingCase{"types", true, false},
                    // Distances and positions by the places of the row.
                    PackingCase{"row_distances", true, false},
                    PackingCase{"row_places", false, false},
                    PackingCase{"bert", false, false},
                    PackingCase{"mask_ignored", false, false},
                    PackingCase{"keys", false, false},
                    PackingCase{"unmasked_causal", false, false}),
    [](const auto& info) { return info.param.name; });

TEST(PackingTest, WhatIsNotExactIsSaidWithTheError) {
  EXPECT_THAT(FindCheck(ExamineFile("row_places"), "packing_exact").found,
              AllOf(StartsWith("a relative error of "),
                    HasSubstr(": each sequence has a row of its own")));
  EXPECT_THAT(
      FindCheck(ExamineFile("row_distances"), "prefix_sharing_exact").found,
      AllOf(StartsWith("a relative error of "),
            HasSubstr(": what sequences begin with is computed for each")));
  EXPECT_THAT(FindCheck(ExamineFile("keys"), "packing_exact").found,
              StartsWith("no mask that says for each place which it sees"));
  EXPECT_EQ(FindCheck(ExamineFile("keys"), "prefix_sharing_exact").found,
            "that sequences cannot share a row");
}

// A causal decoder that ignores its mask: rounding might be as large as what
// its pieces see of their neighbours.
TEST(PackingTest, NeighboursAreSeenInTheLowPrecisionsToo) {
  const Examination examination = ExamineFile("ignored_faint_bfloat16");
  EXPECT_TRUE(examination.report.padding_exact);
  EXPECT_FALSE(examination.report.packing_exact);
  EXPECT_THAT(FindCheck(examination, "packing_exact").found,
              HasSubstr(" beside other neighbours: each sequence has a row of "
                        "its own"));
}

TEST(InfinityContainedTest, ReachesTheOthersAsARule) {
  const Examination examination = ExamineFile("pairs");
  EXPECT_FALSE(examination.report.infinity_contained);
  const Check check = FindCheck(examination, "infinity_contained");
  EXPECT_TRUE(check.passed);  // Nothing is wrong with the trace.
  EXPECT_EQ(check.found,
            "it reaches the others in its row, as in nearly every model; no "
            "fault of this one");
}

TEST(InfinityContainedTest, IsFoundWhereItIsSo) {
  const Examination examination = ExamineFile("contained");
  EXPECT_TRUE(examination.report.infinity_contained);
  EXPECT_THAT(FindCheck(examination, "infinity_contained").found,
              StartsWith("contained: a relative error of "));
}

TEST(InfinityContainedTest, IsNotClaimedOfWhatIsNotPacked) {
  const Examination examination = ExamineFile("keys");
  EXPECT_FALSE(examination.report.infinity_contained);
  EXPECT_EQ(FindCheck(examination, "infinity_contained").found,
            "no packed rows to look at");
}

at::Tensor TableOf(const Trace& trace) {
  return trace.EmbeddingTable().value_or(at::Tensor());
}

TEST(InfinityContainedTest, LeavesTheWeightsAsTheyWere) {
  for (const char* name : {"pairs", "contained"}) {
    Trace trace = LoadTestTrace(name);
    const at::Tensor before = TableOf(trace).clone();
    const ModelConfig config = {.max_pieces = kTestPositions};
    const Examination examination =
        Examine(trace, config, kTestVocabulary, Clock::Real());
    ASSERT_TRUE(examination.verdict.ok()) << examination.verdict;
    EXPECT_TRUE(at::equal(TableOf(trace), before)) << name;
  }
}

}  // namespace
}  // namespace strata
