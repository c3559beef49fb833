// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/examination.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/model/checks.h"
#include "core/model/config.h"
#include "core/model/report.h"
#include "core/model/trace.h"
#include "core/tensor/mask_form.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/model/examined.h"
#include "tests/core/model/test_traces.h"

namespace strata {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(ExaminationTest, OfAGoodTracePassesAllChecks) {
  const Examination examination = ExamineFile("pairs");
  ASSERT_TRUE(examination.verdict.ok()) << examination.verdict;
  const TraceReport& report = examination.report;
  std::vector<std::string> names;
  for (const Check& check : report.checks) {
    EXPECT_TRUE(check.passed) << check.name << ": " << check.found;
    EXPECT_FALSE(check.expected.empty());
    EXPECT_FALSE(check.found.empty());
    names.push_back(check.name);
  }
  EXPECT_THAT(
      names,
      ElementsAre("no_cache_argument", "arguments_known", "tokenizer_fits",
                  "padding_id_known", "forward_runs", "devices_rewritten",
                  "outputs_are_hidden_states", "final_norm_layers_exist",
                  "finite", "deterministic", "batch_generalises",
                  "length_generalises", "padding_invisible",
                  "mask_not_inverted", "logits", "positions_matter",
                  "packing_exact", "prefix_sharing_exact", "infinity_contained",
                  "layers_cut", "longest_length"));
  EXPECT_EQ(report.mask_form, MaskForm::kPairs);
  EXPECT_EQ(report.mask_dtype, MaskDtype::kBool);
  EXPECT_EQ(report.layers, kTestLayers);
  EXPECT_EQ(report.width, kTestWidth);
  EXPECT_EQ(report.dtype, "float32");
  EXPECT_EQ(report.vocabulary_size, kTestVocabulary);
  EXPECT_EQ(report.longest_pieces, kTestPositions);
  EXPECT_TRUE(report.padding_exact);
  EXPECT_TRUE(report.packing_exact);
  EXPECT_TRUE(report.prefix_sharing_exact);
  EXPECT_TRUE(report.positions_matter);
  EXPECT_GT(report.duration, absl::ZeroDuration());
  ASSERT_EQ(report.arguments.size(), 3);
  EXPECT_EQ(report.arguments[2].name, "positions");
  EXPECT_EQ(report.arguments[2].role, ArgumentRole::kPositions);
}

struct GoodCase {
  std::string name;
  MaskForm form;
  bool padding_exact;
  int layers = kTestLayers;
  std::string dtype = "float32";
};

class GoodTraceTest : public testing::TestWithParam<GoodCase> {};

TEST_P(GoodTraceTest, IsFoundOut) {
  if (!std::filesystem::exists(TestTraceFile(GetParam().name))) {
    GTEST_SKIP() << "curated-transformers was not installed";
  }
  const Examination examination = ExamineFile(GetParam().name);
  ASSERT_TRUE(examination.verdict.ok()) << examination.verdict;
  EXPECT_EQ(examination.report.mask_form, GetParam().form);
  EXPECT_EQ(examination.report.padding_exact, GetParam().padding_exact)
      << FindCheck(examination, "padding_invisible").found;
  EXPECT_EQ(examination.report.layers, GetParam().layers);
  EXPECT_EQ(examination.report.width, kTestWidth);
  EXPECT_EQ(examination.report.dtype, GetParam().dtype);
  EXPECT_EQ(examination.report.longest_pieces, kTestPositions);
}

INSTANTIATE_TEST_SUITE_P(
    Traces, GoodTraceTest,
    testing::Values(GoodCase{"pairs", MaskForm::kPairs, true},
                    GoodCase{"buffer_view", MaskForm::kPairs, true},
                    GoodCase{"keys", MaskForm::kKeys, true},
                    GoodCase{"pieces", MaskForm::kPieces, true},
                    GoodCase{"dict", MaskForm::kDict, true},
                    GoodCase{"types", MaskForm::kPairs, true},
                    // A causal decoder needs no mask; an encoder does.
                    GoodCase{"unmasked_causal", MaskForm::kNone, true},
                    GoodCase{"unmasked_encoder", MaskForm::kNone, false},
                    // Though rounding might be as large as what it sees.
                    GoodCase{"unmasked_faint_bfloat16", MaskForm::kNone, false,
                             kTestLayers, "bfloat16"},
                    GoodCase{"mask_ignored", MaskForm::kPairs, false},
                    GoodCase{"flat", MaskForm::kNone, true},
                    GoodCase{"with_cache", MaskForm::kNone, true},
                    GoodCase{"single", MaskForm::kNone, true, 1},
                    GoodCase{"clamped", MaskForm::kNone, true},
                    GoodCase{"pairs_bfloat16", MaskForm::kPairs, true,
                             kTestLayers, "bfloat16"},
                    GoodCase{"pairs_float16", MaskForm::kPairs, true,
                             kTestLayers, "float16"},
                    GoodCase{"falcon", MaskForm::kDict, true},
                    GoodCase{"bert", MaskForm::kDict, true}),
    [](const auto& info) { return info.param.name; });

TEST(ExaminationTest, PaddingIsSeenInTheLowPrecisionsToo) {
  const Examination examination = ExamineFile("unmasked_faint_bfloat16");
  EXPECT_THAT(FindCheck(examination, "padding_invisible").found,
              AllOf(StartsWith("a relative error of "),
                    HasSubstr("where another piece fills the padding, since it "
                              "takes no mask: only sequences of equal length "
                              "share a batch")));
}

struct BadCase {
  std::string name;
  std::string check;
  std::string found;
  std::string remedy;
};

class BadTraceTest : public testing::TestWithParam<BadCase> {};

TEST_P(BadTraceTest, IsRefusedByTheCheckThatItFails) {
  const Examination examination = ExamineFile(GetParam().name);
  EXPECT_EQ(examination.verdict.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(examination.verdict), Reason::kModelRefused);
  EXPECT_THAT(Message(examination),
              AllOf(StartsWith("check " + GetParam().check + ": expected "),
                    HasSubstr(", found " + GetParam().found),
                    HasSubstr("; " + GetParam().remedy)));
  ASSERT_FALSE(examination.report.checks.empty());
  const Check& last = examination.report.checks.back();
  EXPECT_EQ(last.name, GetParam().check);
  EXPECT_FALSE(last.passed);
  EXPECT_TRUE(last.essential);
}

INSTANTIATE_TEST_SUITE_P(
    Traces, BadTraceTest,
    testing::Values(
        BadCase{"cache", "no_cache_argument", "argument \"cache\"",
                "trace the model without its cache"},
        BadCase{"unknown_argument", "arguments_known",
                "argument \"temperature\" (Tensor) has no known meaning",
                "say what they mean with \"arguments\""},
        BadCase{"batch_baked", "batch_generalises",
                "that it runs on batches of 4 but not of 1, ",
                "the example's batch size is fixed"},
        BadCase{"batch_one", "batch_generalises",
                "layer 0 is [1, 33, 16], not [3, 11, W]",
                "the example's batch size is fixed"},
        BadCase{"length_baked", "length_generalises",
                "that it runs on 20 pieces but not on 11, ",
                "the example's length is fixed"},
        BadCase{"length_at_least", "length_generalises", "of 23 pieces: index",
                "the example's length is fixed"},
        BadCase{"interface_to_cuda", "devices_rewritten",
                "a call of \"forward\" through an interface, and that it "
                "fails without a mask: ",
                "read devices from tensors"},
        BadCase{"dropout", "deterministic", "a relative error of ",
                "call model.eval() before tracing"},
        BadCase{"buffer_dropout", "deterministic", "a relative error of ",
                "call model.eval() before tracing"},
        BadCase{"faint_dropout_bfloat16", "deterministic",
                "a relative error of ", "call model.eval() before tracing"},
        BadCase{"batch_mean_bfloat16", "batch_generalises",
                "a relative error of ",
                "the example's batch size is fixed in the trace"},
        BadCase{"inverted_mask", "mask_not_inverted",
                "it hides what it marks with 1, and shows what it marks with 0",
                "trace a wrapper that inverts the mask"},
        BadCase{"nan", "finite", "176 of 176 numbers in layer 2",
                "check the weights"},
        BadCase{"pooled", "outputs_are_hidden_states",
                "layer 0 is [1, 16], not [1, 11, W]",
                "trace a model, or a wrapper, that returns"},
        BadCase{"float64", "outputs_are_hidden_states", "type Double",
                "trace a model, or a wrapper, that returns"}),
    [](const auto& info) { return info.param.name; });

TEST(ExaminationTest, DropoutIsCalledSo) {
  const Examination examination = ExamineFile("dropout");
  EXPECT_THAT(FindCheck(examination, "deterministic").found,
              HasSubstr(", between two forwards of the same pieces: its graph "
                        "draws random numbers in aten::dropout"));
}

// Less than what a low precision's rounding is allowed, were it rounding.
TEST(ExaminationTest, NeighboursThatShowAreTold) {
  const Examination examination = ExamineFile("batch_mean_bfloat16");
  EXPECT_THAT(FindCheck(examination, "batch_generalises").found,
              HasSubstr(", above 0.0625 beside other neighbours"));
}

TEST(ExaminationTest, ABatchInvariantTraceRepeatsItsBits) {
  EXPECT_TRUE(ExamineFile("faint_noise").verdict.ok());
  EXPECT_THAT(Message(ExamineFile("faint_noise", {.max_pieces = kTestPositions,
                                                  .batch_invariant = true})),
              HasSubstr("\"batch_invariant\" in strata.json allows none"));
  const Examination examination = ExamineFile(
      "pairs", {.max_pieces = kTestPositions, .batch_invariant = true});
  EXPECT_TRUE(examination.verdict.ok()) << examination.verdict;
}

// Each is a part of the time that loading takes.
TEST(ExaminationTest, TakesFewForwards) {
  EXPECT_LE(ExamineFile("pairs").forwards, 15);
  EXPECT_LE(ExamineFile("dict").forwards, 15);
  EXPECT_LE(ExamineFile("pieces").forwards, 14);
  EXPECT_LE(ExamineFile("unmasked_causal").forwards, 9);
  EXPECT_LE(ExamineFile("mask_ignored").forwards, 33);
}

TEST(ExaminationTest, APaddedPlaceNeedNotBeANumber) {
  const Examination examination = ExamineFile("padded_nan");
  ASSERT_TRUE(examination.verdict.ok()) << examination.verdict;
  EXPECT_TRUE(examination.report.padding_exact);
  const Trace trace = LoadTestTrace("padded_nan");
  const auto layers =
      trace.Forward(MakeRows(MakeSequences({4, 2}), MaskForm::kPieces))
          .value()
          .layers;
  EXPECT_TRUE(layers[3][1][2].isnan().all().item<bool>());
}

struct LogitsCase {
  std::string name;
  int width;
  std::string found;
};

class LogitsTest : public testing::TestWithParam<LogitsCase> {};

TEST_P(LogitsTest, AreServedWhereTheyAreTheSameInCompany) {
  const Examination examination =
      ExamineFile(GetParam().name, {.max_pieces = 20});
  ASSERT_TRUE(examination.verdict.ok()) << examination.verdict;
  EXPECT_EQ(examination.report.layers, kTestLayers);
  EXPECT_EQ(examination.report.logits_width, GetParam().width);
  const Check check = FindCheck(examination, "logits");
  EXPECT_FALSE(check.essential);
  EXPECT_THAT(check.found, StartsWith(GetParam().found));
}

INSTANTIATE_TEST_SUITE_P(
    Traces, LogitsTest,
    testing::Values(
        LogitsCase{"unmasked_causal", 0, "none"},
        LogitsCase{"with_cache", 0, "none"},
        LogitsCase{"cache_logits", kTestVocabulary, "logits of width 50, a"},
        LogitsCase{"flat", kTestVocabulary, "logits of width 50, a relative"},
        LogitsCase{"auxiliary", kTestVocabulary, "logits of width 50, a rel"},
        LogitsCase{"two_heads", 0,
                   "tensors of widths 50, 50 after the layers, in a "
                   "vocabulary of 50, of which several could be its logits: "
                   "not served"},
        LogitsCase{"hidden_twice", 0,
                   "a tensor of width 16 after the layers, in a vocabulary of "
                   "50: not served"},
        LogitsCase{"mixed_logits", 0, "a relative error of "}),
    [](const auto& info) { return info.param.name; });

TEST(ExaminationTest, TheConfigurationTellsLayersFromLogits) {
  Trace trace = Trace::Load(TestTraceFile("square_logits")).value();
  // As wide as the vocabulary of such a model.
  const Examination told =
      Examine(trace, {.layers = kTestLayers}, kTestWidth, Clock::Real());
  EXPECT_EQ(told.report.layers, kTestLayers);
  EXPECT_EQ(told.report.logits_width, kTestWidth);
  const Examination untold = Examine(trace, {}, kTestWidth, Clock::Real());
  EXPECT_EQ(untold.report.layers, kTestLayers + 1);
  EXPECT_EQ(untold.report.logits_width, 0);
}

TEST(ExaminationTest, MoreLayersThanForwardReturnsAreRefused) {
  EXPECT_THAT(
      Message(ExamineFile("unmasked_causal", {.layers = 9})),
      AllOf(StartsWith("check forward_runs: "),
            HasSubstr("forward returned 4 tensors, expected at least the 9 of "
                      "strata.json's \"layers\"")));
}

TEST(ExaminationTest, ATokenizerWithTooManyIdsIsNoted) {
  Trace trace = LoadTestTrace("pairs");
  const Examination examination = Examine(trace, {.max_pieces = kTestPositions},
                                          kTestVocabulary + 5, Clock::Real());
  EXPECT_TRUE(examination.verdict.ok()) << examination.verdict;
  EXPECT_EQ(examination.report.vocabulary_size, kTestVocabulary);
  const Check check = FindCheck(examination, "tokenizer_fits");
  EXPECT_FALSE(check.passed);
  EXPECT_EQ(check.found, "55 ids and 50 embeddings");
}

TEST(ExaminationTest, WithoutAnEmbeddingTheTokenizerSetsTheVocabulary) {
  Trace trace = LoadTestTrace("clamped");
  const Examination examination =
      Examine(trace, {.max_pieces = kTestPositions}, 40, Clock::Real());
  EXPECT_TRUE(examination.verdict.ok()) << examination.verdict;
  EXPECT_EQ(examination.report.vocabulary_size, 40);
}

TEST(ExaminationTest, TheConfigurationMayNameArgumentsAndMaskForm) {
  ModelConfig config = {.max_pieces = kTestPositions};
  config.arguments = {ArgumentRole::kPieceIds, ArgumentRole::kAttentionMask};
  config.mask_form = MaskForm::kKeys;
  const Examination examination = ExamineFile("mask_ignored", config);
  ASSERT_TRUE(examination.verdict.ok()) << examination.verdict;
  EXPECT_EQ(examination.report.mask_form, MaskForm::kKeys);
}

TEST(ExaminationTest, AMaskFormThatTheArgumentsCannotTakeIsRefused) {
  EXPECT_THAT(
      Message(ExamineFile("dict", {.mask_form = MaskForm::kPairs})),
      HasSubstr("found piece_ids: piece_ids, attention_mask: attention_mask, "
                "which do not take strata.json's mask_form \"pairs\"; "));
  EXPECT_THAT(
      Message(ExamineFile("unmasked_causal", {.mask_form = MaskForm::kKeys})),
      HasSubstr("do not take strata.json's mask_form \"keys\""));
  EXPECT_THAT(Message(ExamineFile("keys", {.mask_form = MaskForm::kDict})),
              HasSubstr("do not take strata.json's mask_form \"dict\""));
}

TEST(ExaminationTest, AMaskDtypeOfATraceWithoutAMaskIsRefused) {
  EXPECT_THAT(Message(ExamineFile("unmasked_causal",
                                  {.mask_dtype = MaskDtype::kInt64})),
              HasSubstr("found piece_ids: piece_ids, which do not take "
                        "strata.json's mask_dtype \"int64\"; "));
}

TEST(ExaminationTest, AMaskFormThatDoesNotRunIsRefused) {
  EXPECT_THAT(Message(ExamineFile("keys", {.mask_form = MaskForm::kPairs})),
              AllOf(StartsWith("check "), HasSubstr("found ")));
}

TEST(ExaminationTest, APaddingIdOutsideTheVocabularyIsRefused) {
  EXPECT_EQ(Message(ExamineFile("pairs", {.padding_id = 50})),
            "check padding_id_known: expected a padding id inside the "
            "vocabulary, found 50 in a vocabulary of 50; set \"padding_id\" "
            "in strata.json");
}

TEST(ExaminationTest, AFinalNormLayerThatIsNotThereIsRefused) {
  EXPECT_EQ(Message(ExamineFile("pairs", {.final_norm_layers = {3, 4}})),
            "check final_norm_layers_exist: expected final_norm_layers below "
            "the number of layers, found layer 4 of 4; correct "
            "\"final_norm_layers\" in strata.json");
}

TEST(ExaminationTest, ChecksHaveNamesOfTheirOwnAndAllTexts) {
  std::set<absl::string_view> names;
  for (const CheckSpec& spec : ExaminationChecks()) {
    EXPECT_TRUE(names.insert(spec.name).second) << spec.name;
    EXPECT_FALSE(spec.expected.empty());
    EXPECT_FALSE(spec.remedy.empty());
  }
}

}  // namespace
}  // namespace strata
