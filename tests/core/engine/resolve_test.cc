// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/engine/resolve.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/base/error.h"
#include "core/batch/request.h"
#include "core/engine/call.h"
#include "core/engine/cut.h"
#include "core/tokenize/tokenizer.h"
#include "gtest/gtest.h"
#include "tests/fakes/puppet_model.h"

namespace strata {
namespace {

using Ids = std::vector<std::int64_t>;

const Model& TestModel() {
  static const std::shared_ptr<const Model> model =
      MakePuppetModel("puppet", std::make_shared<PuppetStrings>());
  return *model;
}

// What a refusal must be: code INVALID_ARGUMENT unless said otherwise.
void ExpectFieldError(const absl::Status& status, const std::string& field,
                      const std::string& text) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FieldOf(status), field);
  EXPECT_EQ(status.message(), field + ": " + text);
}

TEST(ResolveOutputs, NoneMeansTheLastLayer) {
  const auto outputs = ResolveOutputs({}, TestModel());
  ASSERT_TRUE(outputs.ok());
  ASSERT_EQ((*outputs)->size(), 1);
  EXPECT_EQ((*outputs)->front().layers, std::vector<int>{3});
}

TEST(ResolveOutputs, CountsLayersFromEitherEndAndKeepsDuplicates) {
  const auto outputs =
      ResolveOutputs({{.layers = {-1, 0, 3, -4, 0}}, {}}, TestModel());
  ASSERT_TRUE(outputs.ok());
  EXPECT_EQ((**outputs)[0].layers, (std::vector<int>{3, 0, 3, 0, 0}));
  EXPECT_EQ((**outputs)[1].layers, (std::vector<int>{3}));
}

TEST(ResolveOutputs, RefusesWhatIsOutOfRange) {
  const std::string layers =
      ", expected one from -4 to 3 (0 is the embedding output, -1 the last "
      "layer)";
  ExpectFieldError(ResolveOutputs({{.layers = {0, 4}}}, TestModel()).status(),
                   "outputs[0].layers[1]", "got layer 4" + layers);
  ExpectFieldError(ResolveOutputs({{}, {.layers = {-5}}}, TestModel()).status(),
                   "outputs[1].layers[0]", "got layer -5" + layers);
  ExpectFieldError(ResolveOutputs({{.dimensions = 3}}, TestModel()).status(),
                   "outputs[0].dimensions",
                   "got 3, expected 0 (all) to 2, the model's width");
  ExpectFieldError(
      ResolveOutputs({{.positions = {0}, .pooling = Pooling::kMean}},
                     TestModel())
          .status(),
      "outputs[0].positions",
      "set together with a pooling; positions choose single pieces and go with "
      "pooling NONE only");
}

Model WithLogits() {
  Model model;
  model.report.layers = 4;
  model.report.width = 2;
  model.report.logits_width = 50;
  return model;
}

TEST(ResolveOutputs, LogitsHaveNoLayersAndTheVocabularyForWidth) {
  const auto outputs = ResolveOutputs(
      {{.kind = OutputKind::kLogits, .dimensions = 50}, {}}, WithLogits());
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  EXPECT_EQ((**outputs)[0].kind, OutputKind::kLogits);
  EXPECT_TRUE((**outputs)[0].layers.empty());
  EXPECT_EQ((**outputs)[1].layers, (std::vector<int>{3}));
}

TEST(ResolveOutputs, RefusesLogitsThatCannotBeGiven) {
  const auto refusal = [](OutputSpec spec, const Model& model) {
    spec.kind = OutputKind::kLogits;
    return ResolveOutputs({{}, spec}, model).status();
  };
  ExpectFieldError(refusal({.layers = {0}}, WithLogits()), "outputs[1].layers",
                   "set together with kind LOGITS; logits come from no layer, "
                   "leave it empty");
  ExpectFieldError(refusal({.dimensions = 51}, WithLogits()),
                   "outputs[1].dimensions",
                   "got 51, expected 0 (all) to 50, the width of the logits");
  ExpectFieldError(refusal({.dimensions = -1}, WithLogits()),
                   "outputs[1].dimensions",
                   "got -1, expected 0 (all) to 50, the width of the logits");
  const absl::Status none = refusal({}, TestModel());
  EXPECT_EQ(ReasonOf(none), Reason::kNotSupportedByModel);
  EXPECT_EQ(none.message(),
            "outputs[1].kind: the model's trace gives no LOGITS; ask for "
            "HIDDEN_STATES, or serve a trace of the model with its head");
}

TEST(ResolveMaxPieces, ZeroIsTheModelsLimit) {
  EXPECT_EQ(*ResolveMaxPieces(0, TestModel()), 16);
  EXPECT_EQ(*ResolveMaxPieces(16, TestModel()), 16);
  EXPECT_EQ(*ResolveMaxPieces(3, TestModel()), 3);
  ExpectFieldError(ResolveMaxPieces(17, TestModel()).status(), "max_pieces",
                   "got 17, expected 0 (the model's limit) to 16");
  ExpectFieldError(ResolveMaxPieces(-1, TestModel()).status(), "max_pieces",
                   "got -1, expected 0 (the model's limit) to 16");
}

TEST(CheckPieces, HoldsIdsToTheVocabulary) {
  EXPECT_TRUE(CheckPieces({.ids = {0, 257}}, 0, TestModel()).ok());
  ExpectFieldError(CheckPieces({.ids = {}}, 2, TestModel()),
                   "inputs[2].pieces.ids",
                   "no pieces; an input has at least one");
  ExpectFieldError(CheckPieces({.ids = {1, 258}}, 0, TestModel()),
                   "inputs[0].pieces.ids[1]",
                   "got 258, expected 0 to 257, the model's vocabulary");
  ExpectFieldError(CheckPieces({.ids = {-1}}, 0, TestModel()),
                   "inputs[0].pieces.ids[0]",
                   "got -1, expected 0 to 257, the model's vocabulary");
}

TEST(CheckPieces, HoldsPositionsToTheTable) {
  EXPECT_TRUE(
      CheckPieces({.ids = {1, 2}, .positions = {15, 0}}, 0, TestModel()).ok());
  ExpectFieldError(
      CheckPieces({.ids = {1, 2}, .positions = {1}}, 0, TestModel()),
      "inputs[0].pieces.positions",
      "got 1 numbers, expected as many as ids, 2, or none");
  ExpectFieldError(CheckPieces({.ids = {1}, .positions = {16}}, 0, TestModel()),
                   "inputs[0].pieces.positions[0]", "got 16, expected 0 to 15");
}

TEST(CheckPieces, RefusesWhatTheTraceDoesNotTake) {
  const absl::Status status =
      CheckPieces({.ids = {1}, .type_ids = {0}}, 1, TestModel());
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), Reason::kNotSupportedByModel);
  EXPECT_EQ(status.message(),
            "inputs[1].pieces.type_ids: the model's trace takes none; leave "
            "the field empty");
}

// "héllo wörld" as <s> hél lo _ wö rld </s>; bytes, so é and ö are two each.
Tokens HelloWorld() {
  constexpr auto kText = PieceOrigin::kText;
  constexpr auto kSpecial = PieceOrigin::kSpecial;
  return {
      .ids = {0, 10, 11, 12, 13, 14, 1},
      .ranges = {{0, 0}, {0, 4}, {4, 6}, {6, 7}, {7, 10}, {10, 13}, {13, 13}},
      .origins = {kSpecial, kText, kText, kText, kText, kText, kSpecial},
      .type_ids = {0, 0, 0, 0, 0, 0, 0}};
}

absl::StatusOr<Sequence> HelloSpan(ByteRange span) {
  return SequenceOf(TextInput{.text = "h\u00e9llo w\u00f6rld", .spans = {span}},
                    HelloWorld(), 0, TestModel());
}

TEST(SequenceOfText, SpansOfBytesBecomeSpansOfPieces) {
  struct Row {
    ByteRange bytes;
    PieceSpan pieces;
  };
  for (const Row& row :
       {Row{{0, 6}, {1, 3}}, Row{{0, 1}, {1, 2}}, Row{{3, 5}, {1, 3}},
        Row{{7, 13}, {4, 6}}, Row{{0, 13}, {1, 6}}}) {
    const auto sequence = HelloSpan(row.bytes);
    ASSERT_TRUE(sequence.ok()) << sequence.status();
    EXPECT_EQ(sequence->spans, std::vector<PieceSpan>{row.pieces});
  }
}

// A special piece stands between, and the last two are not in order.
TEST(SequenceOfText, SpansFindPiecesThatAreOutOfOrder) {
  constexpr auto kText = PieceOrigin::kText;
  const Tokens tokens = {
      .ids = {10, 1, 11, 12, 13},
      .ranges = {{0, 2}, {2, 2}, {2, 4}, {6, 8}, {4, 6}},
      .origins = {kText, PieceOrigin::kSpecial, kText, kText, kText},
      .type_ids = {0, 0, 0, 0, 0}};
  const auto sequence =
      SequenceOf(TextInput{.text = "abcdefgh",
                           .spans = {{0, 4}, {4, 5}, {7, 8}, {3, 5}, {2, 8}}},
                 tokens, 0, TestModel());
  ASSERT_TRUE(sequence.ok()) << sequence.status();
  EXPECT_EQ(sequence->spans,
            (std::vector<PieceSpan>{{0, 3}, {4, 5}, {3, 4}, {2, 5}, {2, 5}}));
}

TEST(SequenceOfText, RefusesBadSpans) {
  for (const ByteRange& span :
       {ByteRange{3, 3}, ByteRange{5, 2}, ByteRange{-1, 2}, ByteRange{0, 14}}) {
    ExpectFieldError(
        HelloSpan(span).status(), "inputs[0].spans[0]",
        "got [" + std::to_string(span.begin) + ", " + std::to_string(span.end) +
            "), expected a half-open range that is not empty and inside the "
            "input's 13 bytes of text");
  }
  ExpectFieldError(
      SequenceOf(TextInput{.text = "ab", .spans = {{1, 2}}},
                 {.ids = {5},
                  .ranges = {{0, 1}},
                  .origins = {PieceOrigin::kText},
                  .type_ids = {0}},
                 4, TestModel())
          .status(),
      "inputs[4].spans[0]",
      "bytes [1, 2) touch no piece of the input that is left after truncation");
}

// A [SEP] B: the bytes of the second text are not those that spans count.
Tokens Pair() {
  return {.ids = {10, 1, 11, 12},
          .ranges = {{0, 2}, {0, 0}, {0, 1}, {1, 2}},
          .origins = {PieceOrigin::kText, PieceOrigin::kSpecial,
                      PieceOrigin::kPair, PieceOrigin::kPair},
          .type_ids = {0, 0, 1, 1}};
}

TEST(SequenceOfText, SpansTouchTheFirstTextOnly) {
  const auto sequence =
      SequenceOf(TextInput{.text = "ab", .pair = "cd", .spans = {{1, 2}}},
                 Pair(), 0, TestModel());
  ASSERT_TRUE(sequence.ok()) << sequence.status();
  EXPECT_EQ(sequence->spans, (std::vector<PieceSpan>{{0, 1}}));
}

TEST(SequenceOfText, TypeIdsGoToATraceThatTakesThem) {
  const TextInput text{.text = "ab", .pair = "cd"};
  EXPECT_EQ(SequenceOf(text, Pair(), 0, TestModel())->type_ids, Ids{});
  const auto model =
      MakePuppetModel("puppet", std::make_shared<PuppetStrings>());
  model->report.arguments.push_back(
      {"type_ids", "Tensor", ArgumentRole::kTypeIds});
  EXPECT_EQ(SequenceOf(text, Pair(), 0, *model)->type_ids, (Ids{0, 0, 1, 1}));
}

TEST(SequenceOfPieces, CutsAllThatBelongsToAPieceAndShiftsSpans) {
  const auto sequence =
      SequenceOf(PieceInput{.ids = {10, 11, 12, 13},
                            .positions = {0, 1, 2, 3},
                            .spans = {{0, 1}, {0, 3}, {2, 4}}},
                 Cut{.begin = 1, .end = 3}, 0);
  ASSERT_TRUE(sequence.ok());
  EXPECT_EQ(sequence->ids, (Ids{10, 13}));
  EXPECT_EQ(sequence->positions, (Ids{0, 3}));
  EXPECT_EQ(sequence->spans, (std::vector<PieceSpan>{{0, 1}, {0, 1}, {1, 2}}));
}

TEST(SequenceOfPieces, RefusesASpanThatIsCutAway) {
  ExpectFieldError(
      SequenceOf(PieceInput{.ids = {10, 11, 12, 13}, .spans = {{1, 3}}},
                 Cut{.begin = 1, .end = 3}, 0)
          .status(),
      "inputs[0].spans[0]", "truncation cut the whole span away");
}

Sequence WithOutput(Ids ids, OutputSpec spec) {
  return {.ids = std::move(ids),
          .outputs = std::make_shared<std::vector<OutputSpec>>(
              std::vector<OutputSpec>{std::move(spec)})};
}

TEST(CheckSequence, HoldsOutputsToTheSequence) {
  EXPECT_TRUE(
      CheckSequence(WithOutput({1, 2}, {.positions = {-2, 1}}), 0, TestModel())
          .ok());
  ExpectFieldError(
      CheckSequence(WithOutput({1, 2}, {.positions = {0, 2}}), 5, TestModel()),
      "outputs[0].positions[1]", "got 2, but inputs[5] has 2 pieces");
  ExpectFieldError(CheckSequence(WithOutput({1}, {.pooling = Pooling::kSpans}),
                                 1, TestModel()),
                   "inputs[1].spans", "empty, but outputs[0] pools by SPANS");
  ExpectFieldError(CheckSequence(WithOutput({}, {}), 0, TestModel()),
                   "inputs[0].text",
                   "yields no pieces; an input has at least one");
}

TEST(CheckSequence, RefusesSegmentsThatTracesDoNotKnow) {
  Sequence sequence = WithOutput({1, 2}, {});
  sequence.type_ids = {0, 2};
  const absl::Status status = CheckSequence(sequence, 3, TestModel());
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), Reason::kNotSupportedByModel);
  EXPECT_EQ(status.message(),
            "inputs[3]: the tokenizer gives type ids above 1, which traces do "
            "not know; send pieces with type_ids instead");
}

TEST(CheckSequence, RefusesPiecesThatTheTraceDoesNotKnow) {
  const absl::Status status =
      CheckSequence(WithOutput({300}, {}), 0, TestModel());
  EXPECT_EQ(ReasonOf(status), Reason::kNotSupportedByModel);
  EXPECT_EQ(status.message(),
            "inputs[0]: the tokenizer yields piece 300, but the trace's "
            "vocabulary ends at 257; the model directory holds the wrong "
            "tokenizer");
}

}  // namespace
}  // namespace strata
