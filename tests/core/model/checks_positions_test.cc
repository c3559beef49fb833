// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/report.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/model/examined.h"

namespace strata {
namespace {

using ::testing::StartsWith;

TEST(PositionsMatterTest, WhereTheyChangeResults) {
  const Examination examination = ExamineFile("pairs");
  EXPECT_TRUE(examination.report.positions_matter);
  EXPECT_THAT(FindCheck(examination, "positions_matter").found,
              StartsWith("reversed, they move results by "));
}

TEST(PositionsMatterTest, AnArgumentThatIsIgnoredIsSaid) {
  const Examination examination = ExamineFile("positions_ignored");
  ASSERT_TRUE(examination.verdict.ok()) << examination.verdict;
  EXPECT_FALSE(examination.report.positions_matter);
  const Check check = FindCheck(examination, "positions_matter");
  EXPECT_FALSE(check.passed);
  EXPECT_FALSE(check.essential);
  EXPECT_EQ(check.found,
            "the same results with them reversed: they are ignored");
}

TEST(PositionsMatterTest, NotWhereNoneAreTaken) {
  const Examination examination = ExamineFile("keys");
  EXPECT_FALSE(examination.report.positions_matter);
  EXPECT_TRUE(FindCheck(examination, "positions_matter").passed);
}

}  // namespace
}  // namespace strata
