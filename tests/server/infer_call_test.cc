// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/infer_call.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/base/host_tensor.h"
#include "core/batch/request.h"
#include "core/engine/call.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/infer_outputs.h"
#include "tests/fakes/from_text.h"
#include "triton/grpc_service.pb.h"

namespace strata {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kText =
    "inputs { name: 'text' datatype: 'BYTES' shape: 1 "
    "contents { bytes_contents: 'a' } } ";

// A request for a text, and what is added to it.
absl::StatusOr<InferCall> Infer(const std::string& rest = "") {
  return ToInferCall(
      FromText<inference::ModelInferRequest>(absl::StrCat(kText, rest)),
      /*max_inputs=*/8);
}

std::string Parameter(const std::string& name, const std::string& value) {
  return absl::StrCat("parameters { key: '", name, "' value { ", value,
                      " } } ");
}

void ExpectFieldError(const absl::Status& status, const std::string& field,
                      const std::string& message) {
  EXPECT_EQ(ReasonOf(status), Reason::kInvalidField) << status;
  EXPECT_EQ(FieldOf(status), field) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(message));
}

TEST(ToInferCallTest, BoundsWhatIsRepeated) {
  const std::string longest(256, 'x');
  const std::string longer = longest + "x";
  EXPECT_TRUE(Infer(absl::StrCat("id: '", longest, "'")).ok());
  ExpectFieldError(Infer(absl::StrCat("id: '", longer, "'")).status(), "id",
                   "has 257 bytes, at most 256");
  const auto prompt = [](const std::string& name) {
    return Parameter("prompt", absl::StrCat("string_param: '", name, "'"));
  };
  EXPECT_TRUE(Infer(prompt(longest)).ok());
  ExpectFieldError(Infer(prompt(longer)).status(), "parameters[prompt]",
                   "has 257 bytes, at most 256");
  for (const char* name : {"piece_ids", "attention_mask"}) {
    const std::string output = absl::StrCat("outputs { name: '", name, "' } ");
    ExpectFieldError(Infer(output + output).status(), "outputs[1].name",
                     absl::StrCat("'", name, "' is there twice"));
  }
}

TEST(ToInferCallTest, SaysWhatTheAnswerHasBesideTensors) {
  const auto numbers = [](const std::string& outputs) {
    const auto call = Infer(outputs);
    EXPECT_TRUE(call.ok()) << call.status();
    EXPECT_TRUE(call->encode.padded);
    return call->encode.numbers_per_piece;
  };
  EXPECT_EQ(numbers(""), 1);
  EXPECT_EQ(numbers("outputs { name: 'pooled' }"), 0);
  EXPECT_EQ(numbers("outputs { name: 'piece_ids' } "
                    "outputs { name: 'attention_mask' }"),
            2);
}

TEST(ToInferCallTest, HasDefaults) {
  const auto call = Infer();
  ASSERT_TRUE(call.ok()) << call.status();
  EXPECT_EQ(call->encode.model, "");
  EXPECT_EQ(call->encode.version, 0);
  EXPECT_EQ(call->encode.version_label, "");
  EXPECT_EQ(call->encode.truncation, Truncation::kNone);
  EXPECT_EQ(call->encode.max_pieces, 0);
  EXPECT_TRUE(call->encode.add_special_pieces);
  EXPECT_FALSE(call->encode.return_pieces);
  EXPECT_EQ(call->encode.priority, 0);
  EXPECT_EQ(call->timeout, absl::InfiniteDuration());
  EXPECT_EQ(call->form.tensor, "text");
  // The last layer, and where in it the pieces are.
  ASSERT_EQ(call->form.outputs.size(), 2U);
  EXPECT_EQ(call->form.outputs[0].name, "hidden_states");
  EXPECT_EQ(call->form.outputs[1].name, "attention_mask");
  ASSERT_EQ(call->encode.outputs.size(), 1U);
  EXPECT_THAT(call->encode.outputs[0].layers, ElementsAre(-1));
  EXPECT_EQ(call->encode.outputs[0].pooling, Pooling::kNone);
  EXPECT_EQ(call->encode.outputs[0].dtype, DataType::kFloat32);
}

TEST(ToInferCallTest, TakesModelVersionAndId) {
  const auto call = Infer("model_name: 'm' model_version: '3' id: 'mine'");
  ASSERT_TRUE(call.ok()) << call.status();
  EXPECT_EQ(call->encode.model, "m");
  EXPECT_EQ(call->encode.version, 3);
  EXPECT_EQ(call->form.id, "mine");
  EXPECT_EQ(Infer("model_version: 'stable'")->encode.version_label, "stable");
  ExpectFieldError(Infer("model_version: '0'").status(), "model_version",
                   "expected a positive number");
  ExpectFieldError(Infer("model_version: '-4'").status(), "model_version",
                   "got -4");
}

TEST(ToInferCallTest, TakesParameters) {
  const auto call = Infer(
      absl::StrCat(Parameter("truncation", "string_param: 'left'"),
                   Parameter("max_pieces", "int64_param: 7"),
                   Parameter("add_special_pieces", "bool_param: false"),
                   Parameter("expected_digest", "string_param: 'sha256:1'"),
                   Parameter("prompt", "string_param: 'query'"),
                   Parameter("timeout", "int64_param: 1500"),
                   Parameter("sequence_id", "int64_param: 4"),
                   Parameter("of nobody", "double_param: 0.5")));
  ASSERT_TRUE(call.ok()) << call.status();
  EXPECT_EQ(call->encode.truncation, Truncation::kLeft);
  EXPECT_EQ(call->encode.max_pieces, 7);
  EXPECT_FALSE(call->encode.add_special_pieces);
  EXPECT_EQ(call->encode.expected_digest, "sha256:1");
  EXPECT_EQ(std::get<TextInput>(call->encode.inputs[0]).prompt, "query");
  EXPECT_EQ(call->timeout, absl::Microseconds(1500));
}

// Triton's 1 is the highest, and so is our 10.
TEST(ToInferCallTest, TurnsPrioritiesRound) {
  const std::vector<std::pair<std::string, int>> expected = {
      {"0", 0},   {"1", 10},   {"2", 9},    {"11", 0},
      {"12", -1}, {"21", -10}, {"22", -10}, {"18446744073709551615", -10}};
  for (const auto& [level, priority] : expected) {
    const auto call =
        Infer(Parameter("priority", absl::StrCat("uint64_param: ", level)));
    ASSERT_TRUE(call.ok()) << call.status();
    EXPECT_EQ(call->encode.priority, priority) << level;
  }
  EXPECT_EQ(Infer(Parameter("priority", "int64_param: 3"))->encode.priority, 8);
}

TEST(ToInferCallTest, RefusesParametersOfAnotherTypeOrRange) {
  const auto refused = [](const std::string& name, const std::string& value,
                          const std::string& message) {
    ExpectFieldError(Infer(Parameter(name, value)).status(),
                     absl::StrCat("parameters[", name, "]"), message);
  };
  refused("truncation", "bool_param: true", "expected a string");
  refused("truncation", "string_param: 'middle'",
          "expected one of none, left, right");
  refused("max_pieces", "string_param: '7'", "expected an integer");
  refused("max_pieces", "double_param: 7", "expected an integer");
  refused("add_special_pieces", "int64_param: 1", "expected a bool");
  refused("priority", "int64_param: -1", "got -1");
  refused("timeout", "int64_param: -1", "got -1, expected microseconds");
  refused("normalize", "", "expected a bool");
  refused("dimensions", "int64_param: 4294967296", "out of range");
  refused("dtype", "string_param: 'FP64'", "one of FP32, FP16, BF16");
}

TEST(ToInferCallTest, TakesOutputsByName) {
  const auto call = Infer(R"pb(
    outputs { name: "layer_2" }
    outputs { name: "piece_ids" }
    outputs { name: "pooled" }
    outputs { name: "layer_-1" }
    outputs { name: "logits" }
    outputs { name: "layer_2" })pb");
  ASSERT_TRUE(call.ok()) << call.status();
  std::vector<std::string> names;
  for (const InferOutput& output : call->form.outputs) {
    names.push_back(absl::StrCat(output.name, " ", output.spec));
  }
  EXPECT_THAT(names, ElementsAre("layer_2 0", "piece_ids 1", "pooled 1",
                                 "layer_-1 2", "logits 3", "layer_2 4"));
  EXPECT_TRUE(call->encode.return_pieces);
  const std::vector<OutputSpec>& specs = call->encode.outputs;
  ASSERT_EQ(specs.size(), 5U);
  EXPECT_THAT(specs[0].layers, ElementsAre(2));
  EXPECT_EQ(specs[1].pooling, Pooling::kMean);
  EXPECT_THAT(specs[1].layers, ElementsAre(-1));
  EXPECT_THAT(specs[2].layers, ElementsAre(-1));
  EXPECT_EQ(specs[3].kind, OutputKind::kLogits);
  EXPECT_THAT(specs[3].layers, ElementsAre());
}

TEST(ToInferCallTest, AnOutputsOwnParametersComeFirst) {
  const auto call =
      Infer(absl::StrCat(Parameter("pooling", "string_param: 'max'"),
                         Parameter("dtype", "string_param: 'FP16'"),
                         Parameter("normalize", "bool_param: true"),
                         "outputs { name: 'pooled' } outputs { name: 'pooled' ",
                         Parameter("pooling", "string_param: 'last'"),
                         Parameter("layer", "int64_param: 1"),
                         Parameter("dimensions", "int64_param: 3"), "}"));
  ASSERT_TRUE(call.ok()) << call.status();
  const std::vector<OutputSpec>& specs = call->encode.outputs;
  EXPECT_EQ(specs[0].pooling, Pooling::kMax);
  EXPECT_EQ(specs[1].pooling, Pooling::kLast);
  EXPECT_THAT(specs[1].layers, ElementsAre(1));
  EXPECT_EQ(specs[0].dimensions, 0);
  EXPECT_EQ(specs[1].dimensions, 3);
  for (const OutputSpec& spec : specs) {
    EXPECT_EQ(spec.dtype, DataType::kFloat16);
    EXPECT_TRUE(spec.normalize);
  }
  ExpectFieldError(
      Infer(absl::StrCat("outputs { name: 'pooled' ",
                         Parameter("pooling", "string_param: 'sum'"), "}"))
          .status(),
      "outputs[0].parameters[pooling]", "one of mean, first, last, max");
}

TEST(ToInferCallTest, WhatNeedsNoVectorsAsksForTheLeast) {
  const auto call =
      Infer("outputs { name: 'attention_mask' } outputs { name: 'piece_ids' }");
  ASSERT_TRUE(call.ok()) << call.status();
  ASSERT_EQ(call->encode.outputs.size(), 1U);
  EXPECT_THAT(call->encode.outputs[0].layers, ElementsAre(0));
  EXPECT_EQ(call->encode.outputs[0].pooling, Pooling::kFirst);
  EXPECT_EQ(call->encode.outputs[0].dimensions, 1);
}

TEST(ToInferCallTest, RefusesUnknownOutputs) {
  for (const char* name :
       {"", "layer", "layer_", "layer_+1", "layer_01", "layer_ 1", "layer_x",
        "layer_99999999999", "hidden", "Pooled"}) {
    ExpectFieldError(
        Infer(absl::StrCat("outputs { name: 'pooled' } outputs { name: '", name,
                           "' }"))
            .status(),
        "outputs[1].name", absl::StrCat("got '", name, "', expected hidden"));
  }
}

TEST(ToInferCallTest, SaysWhatOfOutputsIsNotDone) {
  const auto call =
      Infer(absl::StrCat("outputs { name: 'logits' ",
                         Parameter("classification", "int64_param: 3"), "}"));
  EXPECT_EQ(ReasonOf(call.status()), Reason::kNotImplemented);
  EXPECT_THAT(std::string(call.status().message()),
              HasSubstr("classification"));
}

TEST(ToInferCallTest, SaysWhereOutputsGo) {
  const auto call = Infer(absl::StrCat(
      "outputs { name: 'pooled' } outputs { name: 'logits' ",
      Parameter("shared_memory_region", "string_param: 'r'"),
      Parameter("shared_memory_offset", "int64_param: 64"),
      Parameter("shared_memory_byte_size", "int64_param: 1000"), "}"));
  ASSERT_TRUE(call.ok()) << call.status();
  EXPECT_TRUE(GoesToSharedMemory(call->form));
  EXPECT_FALSE(call->form.outputs[0].place.has_value());
  const std::optional<SharedPlace>& place = call->form.outputs[1].place;
  ASSERT_TRUE(place.has_value());
  EXPECT_EQ(place->name, "r");
  EXPECT_EQ(place->offset, 64);
  EXPECT_EQ(place->byte_size, 1000);
  ExpectFieldError(
      Infer(absl::StrCat("outputs { name: 'logits' ",
                         Parameter("shared_memory_region", "int64_param: 1"),
                         "}"))
          .status(),
      "outputs[0].parameters[shared_memory_region]", "expected a string");
}

TEST(InProtocolNamesTest, NamesWhatTheRequestHas) {
  InferForm form{.tensor = "input_ids", .specs = {"layer_9", "pooled"}};
  const auto named = [&form](const std::string& field) {
    return FieldOf(InProtocolNames(FieldError(field, "wrong"), form));
  };
  EXPECT_EQ(named("inputs[1].pieces.ids[7]"), "input_ids[1][7]");
  EXPECT_EQ(named("inputs[12].pieces.ids"), "input_ids[12]");
  EXPECT_EQ(named("inputs[2]"), "input_ids[2]");
  EXPECT_EQ(named("inputs"), "inputs");
  EXPECT_EQ(named("outputs[0].layers[0]"), "layer_9");
  EXPECT_EQ(named("outputs[1].layers[0]"), "parameters[layer]");
  EXPECT_EQ(named("outputs[1].dimensions"), "parameters[dimensions]");
  EXPECT_EQ(named("outputs[2].layers"), "outputs[2].layers");
  EXPECT_EQ(named("max_pieces"), "parameters[max_pieces]");
  EXPECT_EQ(named("model"), "model_name");
  EXPECT_EQ(named("version"), "model_version");
  form.tensor = "text";
  EXPECT_EQ(named("inputs[1].text"), "text[1]");
  EXPECT_EQ(named("inputs[1].text_pair"), "text_pair[1]");
  EXPECT_EQ(named("inputs[1].prompt"), "parameters[prompt]");
}

TEST(InProtocolNamesTest, KeepsReasonAndMessage) {
  const InferForm form{.tensor = "text"};
  const absl::Status status = InProtocolNames(
      FieldError("inputs[1].text", "too long", Reason::kInputTooLong), form);
  EXPECT_EQ(ReasonOf(status), Reason::kInputTooLong);
  EXPECT_EQ(status.message(), "text[1]: too long");
  const absl::Status full = FullError("full", absl::Seconds(2));
  EXPECT_EQ(InProtocolNames(full, form), full);
}

}  // namespace
}  // namespace strata
