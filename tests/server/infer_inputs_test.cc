// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/infer_inputs.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/engine/call.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/from_text.h"
#include "triton/grpc_service.pb.h"

namespace strata {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::int64_t kMaxRows = 4;

absl::StatusOr<InferInputs> Take(inference::ModelInferRequest request,
                                 const std::string& prompt = "") {
  return TakeInferInputs(request, prompt, kMaxRows);
}

absl::StatusOr<InferInputs> Take(const std::string& request) {
  return Take(FromText<inference::ModelInferRequest>(request));
}

// A tensor whose contents are raw.
struct Raw {
  std::string name;
  std::string datatype;
  std::vector<std::int64_t> shape;
  std::string bytes;
};

absl::StatusOr<InferInputs> TakeRaw(const std::vector<Raw>& tensors) {
  inference::ModelInferRequest request;
  for (const Raw& tensor : tensors) {
    auto& input = *request.add_inputs();
    input.set_name(tensor.name);
    input.set_datatype(tensor.datatype);
    input.mutable_shape()->Add(tensor.shape.begin(), tensor.shape.end());
    request.add_raw_input_contents(tensor.bytes);
  }
  return Take(request);
}

template <typename Number>
std::string BytesOf(const std::vector<Number>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()),
          numbers.size() * sizeof(Number)};
}

std::string Element(const std::string& text) {
  return BytesOf<std::uint32_t>({static_cast<std::uint32_t>(text.size())}) +
         text;
}

std::vector<std::vector<std::int64_t>> IdsOf(const InferInputs& inputs) {
  std::vector<std::vector<std::int64_t>> ids;
  for (const EncodeInput& input : inputs.inputs) {
    ids.push_back(std::get<PieceInput>(input).ids);
  }
  return ids;
}

std::vector<std::string> TextsOf(const InferInputs& inputs) {
  std::vector<std::string> texts;
  for (const EncodeInput& input : inputs.inputs) {
    texts.push_back(std::get<TextInput>(input).text);
  }
  return texts;
}

void ExpectFieldError(const absl::Status& status, const std::string& field,
                      const std::string& message) {
  EXPECT_EQ(ReasonOf(status), Reason::kInvalidField) << status;
  EXPECT_EQ(FieldOf(status), field) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(message));
}

TEST(InferInputsTest, TakesTypedTexts) {
  const auto inputs = Take(R"pb(
    inputs {
      name: "text"
      datatype: "BYTES"
      shape: 2
      contents { bytes_contents: "one" bytes_contents: "" }
    })pb");
  ASSERT_TRUE(inputs.ok()) << inputs.status();
  EXPECT_EQ(inputs->tensor, "text");
  EXPECT_THAT(TextsOf(*inputs), ElementsAre("one", ""));
}

TEST(InferInputsTest, TakesRawTextsOfBothShapesAndTheirPairs) {
  const auto inputs =
      TakeRaw({{"text_pair", "BYTES", {2}, Element("") + Element("p\xc3\xa4")},
               {"text", "BYTES", {2, 1}, Element("one") + Element("two")}});
  ASSERT_TRUE(inputs.ok()) << inputs.status();
  EXPECT_THAT(TextsOf(*inputs), ElementsAre("one", "two"));
  EXPECT_EQ(std::get<TextInput>(inputs->inputs[0]).pair, "");
  EXPECT_EQ(std::get<TextInput>(inputs->inputs[1]).pair, "p\xc3\xa4");
}

TEST(InferInputsTest, APromptGoesWithEachText) {
  const auto request = FromText<inference::ModelInferRequest>(R"pb(
    inputs {
      name: "text"
      datatype: "BYTES"
      shape: 2
      contents { bytes_contents: "one" bytes_contents: "two" }
    })pb");
  const auto inputs = Take(request, "query");
  ASSERT_TRUE(inputs.ok()) << inputs.status();
  for (const EncodeInput& input : inputs->inputs) {
    EXPECT_EQ(std::get<TextInput>(input).prompt, "query");
  }
}

TEST(InferInputsTest, TakesTypedPieces) {
  for (const char* form : {"datatype: 'INT64' contents { int64_contents: "
                           "[5, 6, 7, 8, 9, 10] }",
                           "datatype: 'INT32' contents { int_contents: "
                           "[5, 6, 7, 8, 9, 10] }"}) {
    const auto inputs = Take(
        absl::StrCat("inputs { name: 'input_ids' shape: [2, 3] ", form, " }"));
    ASSERT_TRUE(inputs.ok()) << inputs.status();
    EXPECT_EQ(inputs->tensor, "input_ids");
    EXPECT_THAT(IdsOf(*inputs),
                ElementsAre(ElementsAre(5, 6, 7), ElementsAre(8, 9, 10)));
  }
}

TEST(InferInputsTest, TakesRawPiecesAndAMaskOfEachType) {
  const auto ids = BytesOf<std::int64_t>({5, 6, 0, 7, 0, 0, 8, 9, 10});
  const std::vector<Raw> masks = {
      {"attention_mask",
       "INT64",
       {3, 3},
       BytesOf<std::int64_t>({1, 1, 0, 1, 0, 0, 1, 1, 1})},
      {"attention_mask",
       "INT32",
       {3, 3},
       BytesOf<std::int32_t>({1, 1, 0, 1, 0, 0, 1, 1, 1})},
      {"attention_mask",
       "BOOL",
       {3, 3},
       BytesOf<std::uint8_t>({1, 1, 0, 1, 0, 0, 1, 1, 1})}};
  for (const Raw& mask : masks) {
    const auto inputs = TakeRaw({{"input_ids", "INT64", {3, 3}, ids}, mask});
    ASSERT_TRUE(inputs.ok()) << inputs.status();
    EXPECT_THAT(IdsOf(*inputs), ElementsAre(ElementsAre(5, 6), ElementsAre(7),
                                            ElementsAre(8, 9, 10)));
  }
  const auto negative =
      TakeRaw({{"input_ids", "INT32", {1, 2}, BytesOf<std::int32_t>({-1, 3})}});
  EXPECT_THAT(IdsOf(*negative), ElementsAre(ElementsAre(-1, 3)));
}

// Each row: a request, the field that is wrong, and a part of the message.
struct WrongRequest {
  std::string request;
  std::string field;
  std::string message;
};

class WrongInputsTest : public testing::TestWithParam<WrongRequest> {};

TEST_P(WrongInputsTest, IsRefused) {
  const auto inputs = Take(GetParam().request);
  ExpectFieldError(inputs.status(), GetParam().field, GetParam().message);
}

constexpr const char* kIds =
    "inputs { name: 'input_ids' datatype: 'INT64' shape: [1, 2] "
    "contents { int64_contents: [1, 2] } } ";
constexpr const char* kText =
    "inputs { name: 'text' datatype: 'BYTES' shape: 1 "
    "contents { bytes_contents: 'a' } } ";

WrongRequest Ids(const std::string& tensor, const std::string& message) {
  return {absl::StrCat("inputs { name: 'input_ids' ", tensor, " }"),
          "input_ids", message};
}
WrongRequest Text(const std::string& tensor, const std::string& message) {
  return {absl::StrCat("inputs { name: 'text' ", tensor, " }"), "text",
          message};
}
WrongRequest Mask(const std::string& tensor, const std::string& field,
                  const std::string& message) {
  return {absl::StrCat(kIds, "inputs { name: 'attention_mask' ", tensor, " }"),
          field, message};
}

INSTANTIATE_TEST_SUITE_P(
    Requests, WrongInputsTest,
    testing::Values(
        WrongRequest{"", "inputs", "got neither"},
        WrongRequest{absl::StrCat(kIds, kText), "inputs", "got both"},
        WrongRequest{absl::StrCat(kText, kText), "inputs[1].name", "twice"},
        WrongRequest{"inputs { name: 'ids' }", "inputs[0].name",
                     "got 'ids', expected text, text_pair, input_ids or "
                     "attention_mask"},
        WrongRequest{"inputs { name: 'text_pair' }", "text_pair",
                     "goes with text, which is not there"},
        WrongRequest{absl::StrCat(kText, "inputs { name: 'attention_mask' }"),
                     "attention_mask", "goes with input_ids"},
        WrongRequest{
            absl::StrCat(kText,
                         "inputs { name: 'text_pair' datatype: 'BYTES' "
                         "shape: 2 contents { bytes_contents: ['a', 'b'] } }"),
            "text_pair", "has 2 texts, but text has 1"},
        Ids("datatype: 'FP32' shape: [1, 2]",
            "datatype 'FP32', expected INT64"),
        Ids("datatype: 'BOOL' shape: [1, 2]",
            "datatype 'BOOL', expected INT64"),
        Ids("datatype: 'INT64' shape: [2]", "shape [2], expected [B, T]"),
        Ids("datatype: 'INT64' shape: [1, 2, 3]", "shape [1, 2, 3]"),
        Ids("datatype: 'INT64'", "shape [], expected [B, T]"),
        Ids("datatype: 'INT64' shape: [0, 2]", "a batch of 0, expected 1 to 4"),
        Ids("datatype: 'INT64' shape: [5, 2]", "a batch of 5, expected 1 to 4"),
        Ids("datatype: 'INT64' shape: [-1, 2]", "a batch of -1"),
        Ids("datatype: 'INT64' shape: [1, 0]", "at least one piece"),
        Ids("datatype: 'INT64' shape: [1, -1]", "at least one piece"),
        Ids("datatype: 'INT64' shape: [4, 9223372036854775807]",
            "at least one piece"),
        Ids("datatype: 'INT64' shape: [1, 2] contents { int64_contents: 1 }",
            "holds 1 elements, expected 2"),
        Ids("datatype: 'INT64' shape: [1, 2] contents { int_contents: [1, 2] }",
            "go into int64_contents"),
        Ids("datatype: 'INT64' shape: [1, 1] "
            "contents { int64_contents: 1 fp32_contents: 1 }",
            "contents of another type"),
        Text("datatype: 'INT64' shape: 1", "'INT64', expected BYTES"),
        Text("datatype: 'BYTES' shape: [1, 2]", "[1, 2], expected [B]"),
        Text("datatype: 'BYTES'", "shape [], expected [B]"),
        Text("datatype: 'BYTES' shape: 5", "a batch of 5"),
        Text("datatype: 'BYTES' shape: 2 contents { bytes_contents: 'a' }",
             "holds 1 elements, expected 2"),
        WrongRequest{"inputs { name: 'text' datatype: 'BYTES' shape: 2 "
                     "contents { bytes_contents: ['a', '\\xff'] } }",
                     "text[1]", "not valid UTF-8"},
        Mask("datatype: 'FP32' shape: [1, 2]", "attention_mask",
             "expected INT64, INT32 or BOOL"),
        Mask("datatype: 'BOOL' shape: [1, 3] "
             "contents { bool_contents: [true, true, true] }",
             "attention_mask", "has 3 columns, but input_ids has 2"),
        Mask("datatype: 'BOOL' shape: [2, 2] "
             "contents { bool_contents: [true, true, true, true] }",
             "attention_mask", "has 2 rows, but input_ids has 1"),
        Mask("datatype: 'INT64' shape: [1, 2] "
             "contents { int64_contents: [0, 1] }",
             "attention_mask[0]", "pad on the right"),
        Mask("datatype: 'INT64' shape: [1, 2] "
             "contents { int64_contents: [0, 0] }",
             "attention_mask[0]", "all 0"),
        Mask("datatype: 'INT64' shape: [1, 2] "
             "contents { int64_contents: [1, 2] }",
             "attention_mask[0]", "got 2, expected 0s and 1s")));

TEST(InferInputsTest, AHoleInAMaskIsNamedByItsRow) {
  const auto inputs = TakeRaw({{"input_ids",
                                "INT32",
                                {2, 3},
                                BytesOf<std::int32_t>({1, 2, 3, 4, 5, 6})},
                               {"attention_mask",
                                "BOOL",
                                {2, 3},
                                BytesOf<std::uint8_t>({1, 1, 1, 1, 0, 1})}});
  ExpectFieldError(inputs.status(), "attention_mask[1]", "a 1 after a 0");
}

TEST(InferInputsTest, RawTextsMustBeWhole) {
  const auto take = [](const std::string& bytes) {
    return TakeRaw({{"text", "BYTES", {2}, bytes}}).status();
  };
  const std::string whole = Element("one") + Element("two");
  for (const std::size_t length : {2U, 4U, 9U, 11U, 13U}) {
    ExpectFieldError(take(whole.substr(0, length)), "text",
                     absl::StrCat("of ", length, " bytes are cut short"));
  }
  ExpectFieldError(take(Element("one")), "text", "hold 1 texts, expected 2");
  ExpectFieldError(take(whole + Element("")), "text",
                   "hold more than 2 texts, expected 2");
  // A length that would end beyond what a size can count.
  ExpectFieldError(take("\xff\xff\xff\xff"), "text", "cut short in element 0");
  ExpectFieldError(take(Element("a") + Element("\xff")), "text[1]",
                   "not valid UTF-8");
}

TEST(InferInputsTest, RawNumbersMustFitTheShape) {
  ExpectFieldError(
      TakeRaw({{"input_ids", "INT64", {1, 2}, std::string(15, '\0')}}).status(),
      "input_ids", "holds 15 raw bytes, expected 16");
}

TEST(InferInputsTest, RawAndTypedDoNotMix) {
  auto request = FromText<inference::ModelInferRequest>(kText);
  request.add_raw_input_contents(Element("a"));
  ExpectFieldError(Take(request).status(), "text",
                   "typed contents beside raw_input_contents");
  auto pair = FromText<inference::ModelInferRequest>(R"pb(
    inputs { name: "text" datatype: "BYTES" shape: 1 }
    inputs { name: "text_pair" datatype: "BYTES" shape: 1 })pb");
  pair.add_raw_input_contents(Element("a"));
  ExpectFieldError(Take(pair).status(), "raw_input_contents",
                   "has 1 entries, expected 2");
}

TEST(InferInputsTest, SharedMemoryIsNotDone) {
  const auto inputs = Take(R"pb(
    inputs {
      name: "text"
      datatype: "BYTES"
      shape: 1
      parameters {
        key: "shared_memory_region"
        value { string_param: "mine" }
      }
    })pb");
  EXPECT_EQ(ReasonOf(inputs.status()), Reason::kNotImplemented);
}

TEST(InferInputsTest, APromptDoesNotGoWithPieces) {
  ExpectFieldError(
      Take(FromText<inference::ModelInferRequest>(kIds), "query").status(),
      "parameters[prompt]", "goes with text");
}

}  // namespace
}  // namespace strata
