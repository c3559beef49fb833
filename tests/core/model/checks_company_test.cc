// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include <string>

#include "core/model/report.h"
#include "core/tensor/mask_form.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/model/examined.h"

namespace strata {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct VisibleCase {
  std::string name;
  std::string why;
};

class PaddingVisibleTest : public testing::TestWithParam<VisibleCase> {};

TEST_P(PaddingVisibleTest, SaysWhyAndIsServedInEqualLengths) {
  const Examination examination = ExamineFile(GetParam().name);
  ASSERT_TRUE(examination.verdict.ok()) << examination.verdict;
  EXPECT_FALSE(examination.report.padding_exact);
  const Check check = FindCheck(examination, "padding_invisible");
  EXPECT_FALSE(check.passed);
  EXPECT_FALSE(check.essential);
  EXPECT_THAT(check.found, StartsWith("a relative error of "));
  EXPECT_THAT(check.found,
              HasSubstr(", above 1e-05, since " + GetParam().why +
                        ": only sequences of equal length share a batch"));
  EXPECT_TRUE(FindCheck(examination, "batch_generalises").passed);
}

INSTANTIATE_TEST_SUITE_P(
    Traces, PaddingVisibleTest,
    testing::Values(VisibleCase{"unmasked_encoder", "it takes no mask"},
                    VisibleCase{"mask_ignored", "it ignores its mask"},
                    VisibleCase{"mask_misread",
                                "its mask does not hide padded places"}),
    [](const auto& info) { return info.param.name; });

// Later places cannot be seen, so padding on the right needs no mask.
TEST(PaddingInvisibleTest, ACausalDecoderNeedsNoMask) {
  const Examination examination = ExamineFile("unmasked_causal");
  EXPECT_EQ(examination.report.mask_form, MaskForm::kNone);
  EXPECT_TRUE(examination.report.padding_exact);
  EXPECT_TRUE(FindCheck(examination, "padding_invisible").passed);
}

}  // namespace
}  // namespace strata
