// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/convert.h"

#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/base/host_tensor.h"
#include "core/batch/request.h"
#include "core/engine/call.h"
#include "core/model/model.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "strata/v1/hidden_state_service.pb.h"
#include "strata/v1/tokenizer_service.pb.h"

namespace strata {
namespace {

using google::protobuf::TextFormat;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

absl::StatusOr<EncodeCall> Encode(const std::string& text) {
  return ToEncodeCall(Parse<v1::EncodeRequest>(text));
}

void ExpectFieldError(const absl::Status& status, const std::string& field,
                      const std::string& message) {
  EXPECT_EQ(ReasonOf(status), Reason::kInvalidField) << status;
  EXPECT_EQ(FieldOf(status), field) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(message));
}

TEST(ToEncodeCallTest, AnEmptyRequestHasTheDefaults) {
  const auto call = Encode("");
  ASSERT_TRUE(call.ok());
  EXPECT_EQ(call->model, "");
  EXPECT_EQ(call->version, 0);
  EXPECT_THAT(call->inputs, IsEmpty());
  EXPECT_THAT(call->outputs, IsEmpty());
  EXPECT_EQ(call->truncation, Truncation::kNone);
  EXPECT_EQ(call->max_pieces, 0);
  EXPECT_FALSE(call->return_pieces);
  EXPECT_TRUE(call->add_special_pieces);
  EXPECT_EQ(call->priority, 0);
  EXPECT_EQ(call->expected_digest, "");
}

TEST(ToEncodeCallTest, TakesEveryFieldOver) {
  const auto call = Encode(R"pb(
    model: "minilm"
    version: 3
    truncation: TRUNCATION_LEFT
    max_pieces: 7
    return_pieces: true
    add_special_pieces: false
    priority: -2
    expected_digest: "sha256:1")pb");
  ASSERT_TRUE(call.ok());
  EXPECT_EQ(call->model, "minilm");
  EXPECT_EQ(call->version, 3);
  EXPECT_EQ(call->truncation, Truncation::kLeft);
  EXPECT_EQ(call->max_pieces, 7);
  EXPECT_TRUE(call->return_pieces);
  EXPECT_FALSE(call->add_special_pieces);
  EXPECT_EQ(call->priority, -2);
  EXPECT_EQ(call->expected_digest, "sha256:1");
}

TEST(ConvertTest, EveryCallTakesAVersionLabel) {
  EXPECT_EQ(Encode("version_label: 'stable'")->version_label, "stable");
  EXPECT_EQ(
      ToTokenizeCall(Parse<v1::TokenizeRequest>("version_label: 'stable'"))
          ->version_label,
      "stable");
  EXPECT_EQ(
      ToDetokenizeCall(Parse<v1::DetokenizeRequest>("version_label: 'stable'"))
          ->version_label,
      "stable");
}

TEST(ToEncodeCallTest, TakesTextsAndPieces) {
  const auto call = Encode(R"pb(
    inputs {
      text: "Hello"
      spans { begin: 0 end: 2 }
    }
    inputs {
      pieces { ids: 5 ids: 6 positions: 1 positions: 0 type_ids: 0 type_ids: 1 }
      spans { begin: 1 end: 2 }
    }
    inputs { text: "" })pb");
  ASSERT_TRUE(call.ok());
  ASSERT_EQ(call->inputs.size(), 3U);
  const auto& text = std::get<TextInput>(call->inputs[0]);
  EXPECT_EQ(text.text, "Hello");
  EXPECT_THAT(text.spans, ElementsAre(ByteRange{0, 2}));
  const auto& pieces = std::get<PieceInput>(call->inputs[1]);
  EXPECT_THAT(pieces.ids, ElementsAre(5, 6));
  EXPECT_THAT(pieces.positions, ElementsAre(1, 0));
  EXPECT_THAT(pieces.type_ids, ElementsAre(0, 1));
  EXPECT_THAT(pieces.spans, ElementsAre(PieceSpan{1, 2}));
  EXPECT_EQ(std::get<TextInput>(call->inputs[2]).text, "");
}

TEST(ToEncodeCallTest, TakesOutputs) {
  const auto call = Encode(R"pb(
    outputs {
      name: "a"
      kind: OUTPUT_KIND_HIDDEN_STATES
      layers: 0
      layers: -1
      positions: 2
      normalize: true
      dimensions: 64
      dtype: DATA_TYPE_BFLOAT16
    }
    outputs { pooling: POOLING_MEAN dtype: DATA_TYPE_FLOAT16 }
    outputs { kind: OUTPUT_KIND_LOGITS positions: -1 })pb");
  ASSERT_TRUE(call.ok());
  ASSERT_EQ(call->outputs.size(), 3U);
  const OutputSpec& first = call->outputs[0];
  EXPECT_EQ(first.name, "a");
  EXPECT_EQ(first.kind, OutputKind::kHiddenStates);
  EXPECT_THAT(first.layers, ElementsAre(0, -1));
  EXPECT_THAT(first.positions, ElementsAre(2));
  EXPECT_EQ(first.pooling, Pooling::kNone);
  EXPECT_TRUE(first.normalize);
  EXPECT_EQ(first.dimensions, 64);
  EXPECT_EQ(first.dtype, DataType::kBFloat16);
  EXPECT_EQ(call->outputs[1].kind, OutputKind::kHiddenStates);
  EXPECT_EQ(call->outputs[1].pooling, Pooling::kMean);
  EXPECT_EQ(call->outputs[1].dtype, DataType::kFloat16);
  EXPECT_EQ(call->outputs[2].kind, OutputKind::kLogits);
  EXPECT_THAT(call->outputs[2].layers, IsEmpty());
  EXPECT_THAT(call->outputs[2].positions, ElementsAre(-1));
}

TEST(ToEncodeCallTest, KnowsEveryPoolingAndTruncation) {
  const auto pooling = [](v1::Pooling value) {
    v1::EncodeRequest request;
    request.add_outputs()->set_pooling(value);
    return ToEncodeCall(request)->outputs[0].pooling;
  };
  EXPECT_EQ(pooling(v1::POOLING_UNSPECIFIED), Pooling::kNone);
  EXPECT_EQ(pooling(v1::POOLING_NONE), Pooling::kNone);
  EXPECT_EQ(pooling(v1::POOLING_MEAN), Pooling::kMean);
  EXPECT_EQ(pooling(v1::POOLING_FIRST), Pooling::kFirst);
  EXPECT_EQ(pooling(v1::POOLING_LAST), Pooling::kLast);
  EXPECT_EQ(pooling(v1::POOLING_MAX), Pooling::kMax);
  EXPECT_EQ(pooling(v1::POOLING_SPANS), Pooling::kSpans);
  EXPECT_EQ(Encode("truncation: TRUNCATION_NONE")->truncation,
            Truncation::kNone);
  EXPECT_EQ(Encode("truncation: TRUNCATION_RIGHT")->truncation,
            Truncation::kRight);
}

// A text of a megabyte keeps its memory.
TEST(ToEncodeCallTest, MovesTexts) {
  v1::EncodeRequest request;
  request.add_inputs()->set_text(std::string(1 << 20, 'x'));
  const char* const memory = request.inputs(0).text().data();
  const auto call = ToEncodeCall(std::move(request));
  ASSERT_TRUE(call.ok());
  EXPECT_EQ(std::get<TextInput>(call->inputs[0]).text.data(), memory);
}

TEST(ToEncodeCallTest, RefusesAnInputWithoutContent) {
  ExpectFieldError(Encode("inputs { text: 'a' } inputs {}").status(),
                   "inputs[1]", "neither text nor pieces is set");
}

TEST(ToEncodeCallTest, RefusesUnknownEnumValues) {
  v1::EncodeRequest truncation;
  truncation.set_truncation(static_cast<v1::Truncation>(9));
  ExpectFieldError(ToEncodeCall(truncation).status(), "truncation",
                   "9 is no value of strata.v1.Truncation");
  v1::EncodeRequest kind;
  kind.add_outputs();
  kind.add_outputs()->set_kind(static_cast<v1::OutputKind>(9));
  ExpectFieldError(ToEncodeCall(kind).status(), "outputs[1].kind",
                   "9 is no value of strata.v1.OutputKind");
  v1::EncodeRequest pooling;
  pooling.add_outputs()->set_pooling(static_cast<v1::Pooling>(-1));
  ExpectFieldError(ToEncodeCall(pooling).status(), "outputs[0].pooling",
                   "-1 is no value of strata.v1.Pooling");
  v1::EncodeRequest dtype;
  dtype.add_outputs()->set_dtype(static_cast<v1::DataType>(4));
  ExpectFieldError(ToEncodeCall(dtype).status(), "outputs[0].dtype",
                   "4 is no value of strata.v1.DataType");
}

TEST(ToEncodeCallTest, TakesPairsAndPromptsOver) {
  const auto call = Encode(R"pb(inputs {
                                  text: "a"
                                  text_pair: "b"
                                  spans { begin: 0 end: 1 }
                                  prompt: "query"
                                })pb");
  ASSERT_TRUE(call.ok()) << call.status();
  const auto& text = std::get<TextInput>(call->inputs[0]);
  EXPECT_EQ(text.text, "a");
  EXPECT_EQ(text.pair, "b");
  EXPECT_EQ(text.prompt, "query");
  EXPECT_THAT(text.spans, ElementsAre(ByteRange{0, 1}));
}

TEST(ToEncodeCallTest, RefusesWithPiecesWhatGoesWithATextOnly) {
  ExpectFieldError(
      Encode("inputs { pieces { ids: 1 } text_pair: 'b' }").status(),
      "inputs[0].text_pair", "a second text goes with a text, not with pieces");
  ExpectFieldError(Encode("inputs { pieces { ids: 1 } prompt: 'b' }").status(),
                   "inputs[0].prompt",
                   "a prompt goes with a text, not with pieces");
}

TEST(ToTokenizeCallTest, TakesEveryFieldOver) {
  const auto call = ToTokenizeCall(Parse<v1::TokenizeRequest>(R"pb(
    model: "minilm"
    version: 2
    inputs { text: "a" }
    inputs { text: "b" text_pair: "c" prompt: "query" }
    truncation: TRUNCATION_RIGHT
    max_pieces: 4
    add_special_pieces: false)pb"));
  ASSERT_TRUE(call.ok());
  EXPECT_EQ(call->model, "minilm");
  EXPECT_EQ(call->version, 2);
  ASSERT_EQ(call->texts.size(), 2U);
  EXPECT_EQ(call->texts[0].text, "a");
  EXPECT_EQ(call->texts[0].pair, "");
  EXPECT_EQ(call->texts[0].prompt, "");
  EXPECT_EQ(call->texts[1].text, "b");
  EXPECT_EQ(call->texts[1].pair, "c");
  EXPECT_EQ(call->texts[1].prompt, "query");
  EXPECT_EQ(call->truncation, Truncation::kRight);
  EXPECT_EQ(call->max_pieces, 4);
  EXPECT_FALSE(call->add_special_pieces);
}

TEST(ToTokenizeCallTest, WithoutATruncationThereIsNoLimit) {
  EXPECT_EQ(ToTokenizeCall({})->truncation, std::nullopt);
  EXPECT_TRUE(ToTokenizeCall({})->add_special_pieces);
}

TEST(ToTokenizeCallTest, RefusesWhatIsNoText) {
  const auto tokenize = [](const std::string& text) {
    return ToTokenizeCall(Parse<v1::TokenizeRequest>(text)).status();
  };
  ExpectFieldError(tokenize("inputs { pieces { ids: 1 } }"), "inputs[0].pieces",
                   "got pieces; expected a text");
  ExpectFieldError(tokenize("inputs {}"), "inputs[0]", "neither");
  ExpectFieldError(
      tokenize("inputs { text: 'a' } inputs { text: 'b' spans { end: 1 } }"),
      "inputs[1].spans", "spans are for encoding; leave them empty here");
  v1::TokenizeRequest truncation;
  truncation.set_truncation(static_cast<v1::Truncation>(9));
  ExpectFieldError(ToTokenizeCall(truncation).status(), "truncation", "9");
}

TEST(ToDetokenizeCallTest, TakesEveryFieldOver) {
  const auto call = ToDetokenizeCall(Parse<v1::DetokenizeRequest>(R"pb(
    model: "minilm"
    version: 2
    inputs { ids: 1 ids: 2 }
    inputs { ids: 3 }
    skip_special_pieces: true)pb"));
  ASSERT_TRUE(call.ok()) << call.status();
  EXPECT_EQ(call->model, "minilm");
  EXPECT_EQ(call->version, 2);
  EXPECT_THAT(call->inputs, ElementsAre(ElementsAre(1, 2), ElementsAre(3)));
  EXPECT_TRUE(call->skip_special_pieces);
}

TEST(ToEncodingHeadTest, TakesAllButTheOutputs) {
  EncodedInput input{
      .pieces = {{.id = 7, .text = "he", .range = {0, 2}}},
      .piece_count = 3,
      .truncated_pieces = 1,
      .timings = {.tokenize = absl::Milliseconds(1),
                  .queue = absl::Milliseconds(2),
                  .compute = absl::Milliseconds(1500),
                  .total = absl::Seconds(2)},
      .batch = {.rows = 2, .pieces = 5, .padded_pieces = 6},
  };
  EXPECT_EQ(ToEncodingHead(input).DebugString(),
            Parse<v1::Encoding>(R"pb(
              status {}
              pieces { id: 7 text: "he" begin: 0 end: 2 }
              piece_count: 3
              truncated_pieces: 1
              timings {
                tokenize { nanos: 1000000 }
                queue { nanos: 2000000 }
                compute { seconds: 1 nanos: 500000000 }
                total { seconds: 2 }
              }
              batch { rows: 2 pieces: 5 padded_pieces: 6 })pb")
                .DebugString());
}

TEST(ToEncodingHeadTest, SaysWhatFailedForThisInputAlone) {
  EncodedInput input{.status = Error(Reason::kForwardFailed, "infinite")};
  const v1::Encoding encoding = ToEncodingHead(input);
  EXPECT_EQ(encoding.status().code(),
            static_cast<int>(absl::StatusCode::kInternal));
  EXPECT_EQ(encoding.status().message(), "infinite");
  EXPECT_EQ(encoding.status().details_size(), 1);
}

TEST(ToTensorHeadTest, KnowsEveryType) {
  const auto head = [](DataType dtype) {
    return ToTensorHead({.dtype = dtype, .shape = {2, 3}}).ShortDebugString();
  };
  EXPECT_EQ(head(DataType::kFloat32),
            "dtype: DATA_TYPE_FLOAT32 shape: 2 shape: 3");
  EXPECT_EQ(head(DataType::kFloat16),
            "dtype: DATA_TYPE_FLOAT16 shape: 2 shape: 3");
  EXPECT_EQ(head(DataType::kBFloat16),
            "dtype: DATA_TYPE_BFLOAT16 shape: 2 shape: 3");
}

std::shared_ptr<const Model> MakeModel() {
  auto model = std::make_shared<Model>();
  model->id = {.name = "minilm", .version = 4};
  model->digest = "sha256:2";
  return model;
}

TEST(ToTokenizeResponseTest, TakesPiecesOver) {
  TokenizeReply reply{.model = MakeModel()};
  reply.texts.push_back(
      {.pieces = {{.id = 1, .text = "a", .range = {0, 1}},
                  {.id = 2, .text = "b", .range = {0, 1}, .in_pair = true}},
       .truncated_pieces = 2});
  reply.texts.emplace_back();
  EXPECT_EQ(ToTokenizeResponse(std::move(reply)).DebugString(),
            Parse<v1::TokenizeResponse>(R"pb(
              model: "minilm"
              version: 4
              digest: "sha256:2"
              inputs {
                pieces { id: 1 text: "a" begin: 0 end: 1 }
                pieces { id: 2 text: "b" begin: 0 end: 1 in_pair: true }
                truncated_pieces: 2
              }
              inputs {})pb")
                .DebugString());
}

TEST(ToDetokenizeResponseTest, TakesTextsOver) {
  EXPECT_EQ(ToDetokenizeResponse({.model = MakeModel(), .texts = {"a", ""}})
                .DebugString(),
            Parse<v1::DetokenizeResponse>(R"pb(
              model: "minilm"
              version: 4
              digest: "sha256:2"
              texts: "a"
              texts: "")pb")
                .DebugString());
}

}  // namespace
}  // namespace strata
