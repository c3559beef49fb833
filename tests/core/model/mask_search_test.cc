// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/mask_search.h"

#include <string>

#include "core/base/clock.h"
#include "core/model/config.h"
#include "core/model/report.h"
#include "core/model/subject.h"
#include "core/tensor/mask_form.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/model/examined.h"
#include "tests/core/model/test_traces.h"

namespace strata {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PossibleMasksTest : public testing::Test {
 protected:
  std::vector<MaskKind> Of(const std::string& type, const ModelConfig& config) {
    Subject subject{.trace = trace_, .config = config, .clock = Clock::Real()};
    subject.report.arguments = {{"ids", "Tensor", ArgumentRole::kPieceIds}};
    if (!type.empty()) {
      subject.report.arguments.push_back(
          {"mask", type, ArgumentRole::kAttentionMask});
    }
    return PossibleMasks(subject);
  }

  Trace trace_ = LoadTestTrace("pairs");
};

TEST_F(PossibleMasksTest, BoolComesFirstAndOfEachTypeTheMostCapableForm) {
  EXPECT_THAT(Of("Tensor", {}),
              ElementsAre(MaskKind(MaskForm::kPairs, MaskDtype::kBool),
                          MaskKind(MaskForm::kKeys, MaskDtype::kBool),
                          MaskKind(MaskForm::kPieces, MaskDtype::kBool),
                          MaskKind(MaskForm::kPairs, MaskDtype::kInt64),
                          MaskKind(MaskForm::kKeys, MaskDtype::kInt64),
                          MaskKind(MaskForm::kPieces, MaskDtype::kInt64),
                          MaskKind(MaskForm::kPairs, MaskDtype::kFloat32),
                          MaskKind(MaskForm::kKeys, MaskDtype::kFloat32),
                          MaskKind(MaskForm::kPieces, MaskDtype::kFloat32)));
}

TEST_F(PossibleMasksTest, TheTypeOrTheConfigurationNarrowsThem) {
  EXPECT_THAT(Of("", {}), ElementsAre(MaskKind(MaskForm::kNone)));
  EXPECT_THAT(Of("Dict(str, Tensor)", {.mask_dtype = MaskDtype::kBool}),
              ElementsAre(MaskKind(MaskForm::kDict)));
  EXPECT_THAT(Of("Tensor", {.mask_form = MaskForm::kKeys,
                            .mask_dtype = MaskDtype::kInt64}),
              ElementsAre(MaskKind(MaskForm::kKeys, MaskDtype::kInt64)));
}

TEST(DescribeMaskTest, ReadsAsAPhrase) {
  EXPECT_EQ(DescribeMask(MaskForm::kNone), "without a mask");
  EXPECT_EQ(DescribeMask(MaskForm::kPairs),
            "with a bool mask of form \"pairs\"");
  EXPECT_EQ(DescribeMask({MaskForm::kKeys, MaskDtype::kInt64}),
            "with an int64 mask of form \"keys\"");
}

struct NumberCase {
  std::string name;
  MaskDtype dtype;
};

class NumberMaskTest : public testing::TestWithParam<NumberCase> {};

TEST_P(NumberMaskTest, IsFoundByTrying) {
  const Examination examination = ExamineFile(GetParam().name);
  ASSERT_TRUE(examination.verdict.ok()) << examination.verdict;
  EXPECT_EQ(examination.report.mask_form, MaskForm::kPieces);
  EXPECT_EQ(examination.report.mask_dtype, GetParam().dtype);
  EXPECT_TRUE(examination.report.padding_exact);
}

INSTANTIATE_TEST_SUITE_P(
    Traces, NumberMaskTest,
    testing::Values(NumberCase{"pieces", MaskDtype::kBool},
                    NumberCase{"integer_mask", MaskDtype::kInt64},
                    // Runs with bool, but padding shows.
                    NumberCase{"counting_mask", MaskDtype::kInt64},
                    NumberCase{"float_mask", MaskDtype::kFloat32}),
    [](const auto& info) { return info.param.name; });

TEST(MaskSearchTest, TheConfigurationsDtypeIsTaken) {
  for (const MaskDtype dtype :
       {MaskDtype::kBool, MaskDtype::kInt64, MaskDtype::kFloat32}) {
    const Examination examination = ExamineFile(
        "counting_mask", {.mask_dtype = dtype, .max_pieces = kTestPositions});
    EXPECT_EQ(examination.report.mask_dtype, dtype);
    EXPECT_EQ(examination.report.padding_exact, dtype != MaskDtype::kBool);
  }
}

TEST(MaskSearchTest, ADtypeThatDoesNotRunIsRefusedWithItsError) {
  EXPECT_THAT(
      Message(ExamineFile("integer_mask", {.mask_form = MaskForm::kPieces,
                                           .mask_dtype = MaskDtype::kBool})),
      HasSubstr("found that it fails on [1, 11], with a bool mask of form "
                "\"pieces\": Subtraction, the `-` operator, with a bool "
                "tensor is not supported"));
}

TEST(MaskTrialsTest, SaysAnErrorOnceForAllThatMetIt) {
  MaskTrials trials;
  trials.errors = {{"with a, with b", "one"}, {"with c", "other"}};
  EXPECT_EQ(trials.ErrorText(), "with a, with b: one; with c: other");
}

}  // namespace
}  // namespace strata
