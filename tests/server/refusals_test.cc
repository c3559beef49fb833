// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// What the services refuse, by code, reason, field and text; after each the
// server answers.

#include <string>

#include "core/base/error.h"
#include "core/engine/engine.h"
#include "grpcpp/support/status.h"
#include "gtest/gtest.h"
#include "strata/v1/hidden_state_service.pb.h"
#include "tests/server/server_fixture.h"

namespace strata {
namespace {

using grpc::StatusCode;

constexpr const char* kEncode = "/strata.v1.HiddenStateService/Encode";
// A field 3 (inputs) holding a field 1 (text) of two bytes that no UTF-8 has.
constexpr const char* kNotUtf8 = "\x1A\x04\x0A\x02\xFF\xFE";

class RefusalsTest : public ServerFixture {
 protected:
  void ExpectRefused(const std::string& request, StatusCode code,
                     const std::string& reason, const std::string& field,
                     const std::string& text) {
    SCOPED_TRACE(request);
    Encode(request);
    ExpectError(status(), code, reason, field, text);
    ExpectServes();
  }
};

TEST_F(RefusalsTest, AnUnknownModel) {
  ExpectRefused("model: 'x' inputs { text: 'A' }", StatusCode::NOT_FOUND,
                "MODEL_NOT_FOUND", "",
                "no model \"x\"; this server has: puppet");
}

TEST_F(RefusalsTest, AnUnknownVersion) {
  ExpectRefused("model: 'puppet' version: 9 inputs { text: 'A' }",
                StatusCode::NOT_FOUND, "MODEL_NOT_FOUND", "", "9");
  ExpectRefused("version: -1 inputs { text: 'A' }",
                StatusCode::INVALID_ARGUMENT, "INVALID_FIELD", "version", "-1");
}

TEST_F(RefusalsTest, NoModelNamedWhereThereAreSeveral) {
  AddModel("other");
  ExpectRefused("inputs { text: 'A' }", StatusCode::INVALID_ARGUMENT,
                "MODEL_AMBIGUOUS", "model", "other, puppet");
}

TEST_F(RefusalsTest, AModelThatIsLoading) {
  registry_.SetLoading({.name = "slow", .version = 1});
  ExpectRefused("model: 'slow' inputs { text: 'A' }", StatusCode::UNAVAILABLE,
                "MODEL_NOT_READY", "", "slow");
}

TEST_F(RefusalsTest, AModelThatWasRefused) {
  registry_.SetLoading({.name = "broken", .version = 1});
  ASSERT_TRUE(registry_
                  .SetRefused({.name = "broken", .version = 1},
                              Error(Reason::kModelRefused, "no tokenizer"), "",
                              {})
                  .ok());
  ExpectRefused("model: 'broken' inputs { text: 'A' }",
                StatusCode::FAILED_PRECONDITION, "MODEL_REFUSED", "",
                "no tokenizer");
}

TEST_F(RefusalsTest, AnotherDigest) {
  ExpectRefused("inputs { text: 'A' } expected_digest: 'sha256:other'",
                StatusCode::FAILED_PRECONDITION, "DIGEST_MISMATCH", "",
                "has digest sha256:puppet");
}

TEST_F(RefusalsTest, NoInputs) {
  ExpectRefused("", StatusCode::INVALID_ARGUMENT, "INVALID_FIELD", "inputs",
                "at least one");
}

TEST_F(RefusalsTest, AnInputOfNothing) {
  ExpectRefused("inputs { text: 'A' } inputs {}", StatusCode::INVALID_ARGUMENT,
                "INVALID_FIELD", "inputs[1]", "neither text nor pieces is set");
  ExpectRefused("inputs { pieces {} }", StatusCode::INVALID_ARGUMENT,
                "INVALID_FIELD", "inputs[0].pieces.ids", "");
  ExpectRefused("inputs { text: '' } add_special_pieces: false",
                StatusCode::INVALID_ARGUMENT, "INVALID_FIELD", "inputs[0].text",
                "");
}

TEST_F(RefusalsTest, PiecesOutsideTheVocabulary) {
  ExpectRefused("inputs { pieces { ids: 3 ids: 258 } }",
                StatusCode::INVALID_ARGUMENT, "INVALID_FIELD",
                "inputs[0].pieces.ids[1]", "258");
}

TEST_F(RefusalsTest, AnInputThatIsTooLong) {
  ExpectRefused("inputs { text: 'a' } inputs { text: '0123456789abcdef' }",
                StatusCode::INVALID_ARGUMENT, "INPUT_TOO_LONG", "inputs[1]",
                "16");
}

TEST_F(RefusalsTest, MorePiecesThanTheModelTakes) {
  ExpectRefused("inputs { text: 'a' } max_pieces: 17",
                StatusCode::INVALID_ARGUMENT, "INVALID_FIELD", "max_pieces",
                "17");
}

TEST_F(RefusalsTest, ALayerOutOfRange) {
  ExpectRefused("inputs { text: 'a' } outputs { layers: 0 layers: 4 }",
                StatusCode::INVALID_ARGUMENT, "INVALID_FIELD",
                "outputs[0].layers[1]",
                "got layer 4, expected one from -4 to 3");
  ExpectRefused("inputs { text: 'a' } outputs { layers: -5 }",
                StatusCode::INVALID_ARGUMENT, "INVALID_FIELD",
                "outputs[0].layers[0]", "got layer -5");
}

TEST_F(RefusalsTest, MoreDimensionsThanTheModelHas) {
  ExpectRefused("inputs { text: 'a' } outputs { dimensions: 3 }",
                StatusCode::INVALID_ARGUMENT, "INVALID_FIELD",
                "outputs[0].dimensions", "3");
}

TEST_F(RefusalsTest, ASpanOutsideItsText) {
  ExpectRefused(
      "inputs { text: 'abc' spans { begin: 1 end: 9 } }"
      "outputs { pooling: POOLING_SPANS }",
      StatusCode::INVALID_ARGUMENT, "INVALID_FIELD", "inputs[0].spans[0]", "9");
}

TEST_F(RefusalsTest, EnumValuesOfAnotherVersion) {
  v1::EncodeRequest request;
  request.add_inputs()->set_text("a");
  request.add_outputs()->set_dtype(static_cast<v1::DataType>(77));
  ExpectError(CallRaw(kEncode, request.SerializeAsString()),
              StatusCode::INVALID_ARGUMENT, "INVALID_FIELD", "outputs[0].dtype",
              "77 is no value of strata.v1.DataType");
  ExpectServes();
}

TEST_F(RefusalsTest, WhatIsNotServedYet) {
  ExpectRefused("inputs { text: 'a' } outputs { kind: OUTPUT_KIND_LOGITS }",
                StatusCode::FAILED_PRECONDITION, "NOT_SUPPORTED_BY_MODEL", "",
                "outputs[0].kind");
}

TEST_F(RefusalsTest, LogitsWithLayers) {
  ExpectRefused(
      "inputs { text: 'a' } outputs { kind: OUTPUT_KIND_LOGITS layers: 0 }",
      StatusCode::INVALID_ARGUMENT, "INVALID_FIELD", "outputs[0].layers",
      "set together with kind LOGITS");
}

TEST_F(RefusalsTest, VersionLabels) {
  ExpectRefused("inputs { text: 'a' } version_label: 'stable'",
                StatusCode::NOT_FOUND, "MODEL_NOT_FOUND", "",
                "has no version label \"stable\"; it has: none");
  ExpectRefused("inputs { text: 'a' } version: 1 version_label: 'stable'",
                StatusCode::INVALID_ARGUMENT, "INVALID_FIELD", "version_label",
                "set together with version 1");
  for (const char* set :
       {"version_label: 'x'", "version_label: 'x' version: 1"}) {
    SCOPED_TRACE(set);
    const bool both = std::string(set).find("version:") != std::string::npos;
    const auto expect = [&] {
      ExpectError(status(),
                  both ? StatusCode::INVALID_ARGUMENT : StatusCode::NOT_FOUND,
                  both ? "INVALID_FIELD" : "MODEL_NOT_FOUND",
                  both ? "version_label" : "", both ? "set one" : "has: none");
    };
    Tokenize(std::string(set) + " inputs { text: 'a' }");
    expect();
    Detokenize(std::string(set) + " inputs { ids: 1 }");
    expect();
    GetModel(set);
    expect();
  }
  ExpectServes();
}

TEST_F(RefusalsTest, TextsThatAreNotUtf8) {
  ExpectError(
      CallRaw(kEncode, kNotUtf8), StatusCode::INVALID_ARGUMENT,
      "MALFORMED_MESSAGE", "",
      "not a valid strata.v1.EncodeRequest; a string that is not UTF-8");
  ExpectServes();
}

// Every RPC that reads its request reads it itself.
TEST_F(RefusalsTest, BytesThatAreNoMessage) {
  for (const char* method : {kEncode, "/strata.v1.TokenizerService/Tokenize",
                             "/strata.v1.TokenizerService/Detokenize",
                             "/strata.v1.ModelService/ListModels",
                             "/strata.v1.ModelService/GetModel"}) {
    SCOPED_TRACE(method);
    ExpectError(CallRaw(method, "\x0A\x7F"), StatusCode::INVALID_ARGUMENT,
                "MALFORMED_MESSAGE", "",
                "the request's 2 bytes are not a valid");
    ExpectServes();
  }
}

TEST_F(RefusalsTest, MethodsThatAreNotAllowed) {
  ExpectError(CallRaw("/strata.v1.ModelService/LoadModel", ""),
              StatusCode::PERMISSION_DENIED, "NOT_ALLOWED", "", "LoadModel");
  ExpectError(CallRaw("/strata.v1.ModelService/UnloadModel", ""),
              StatusCode::PERMISSION_DENIED, "NOT_ALLOWED", "", "UnloadModel");
  ExpectServes();
}

TEST_F(RefusalsTest, OfTheTokenizer) {
  Tokenize("inputs { pieces { ids: 1 } }");
  ExpectError(status(), StatusCode::INVALID_ARGUMENT, "INVALID_FIELD",
              "inputs[0].pieces", "expected a text");
  Tokenize("");
  ExpectError(status(), StatusCode::INVALID_ARGUMENT, "INVALID_FIELD", "inputs",
              "at least one");
  Tokenize("inputs { text: '0123456789abcdef' } truncation: TRUNCATION_NONE");
  ExpectError(status(), StatusCode::INVALID_ARGUMENT, "INPUT_TOO_LONG",
              "inputs[0]", "");
  Detokenize("inputs { ids: 1 } inputs { ids: 300 }");
  ExpectError(status(), StatusCode::INVALID_ARGUMENT, "INVALID_FIELD",
              "inputs[1].ids", "300");
  Detokenize("model: 'x' inputs { ids: 1 }");
  ExpectError(status(), StatusCode::NOT_FOUND, "MODEL_NOT_FOUND", "", "\"x\"");
  ExpectServes();
}

TEST_F(RefusalsTest, OfTheModelService) {
  ListModels("page_size: -1");
  ExpectError(status(), StatusCode::INVALID_ARGUMENT, "INVALID_FIELD",
              "page_size", "-1 is negative");
  ListModels("page_token: 'x'");
  ExpectError(status(), StatusCode::INVALID_ARGUMENT, "INVALID_FIELD",
              "page_token", "not a next_page_token");
  GetModel("model: 'x'");
  ExpectError(status(), StatusCode::NOT_FOUND, "MODEL_NOT_FOUND", "", "\"x\"");
  ExpectServes();
}

TEST_F(RefusalsTest, TooManyInputs) {
  Restart({.max_inputs = 2});
  ExpectRefused(
      "inputs { text: 'a' } inputs { text: 'b' } inputs { text: 'c' }",
      StatusCode::INVALID_ARGUMENT, "INVALID_FIELD", "inputs",
      "got 3 inputs, at most 2 are allowed");
}

TEST_F(RefusalsTest, AnAnswerThatIsTooLarge) {
  Restart({.max_reply_bytes = 24});
  ExpectRefused("inputs { text: 'ab' }", StatusCode::FAILED_PRECONDITION,
                "REPLY_TOO_LARGE", "", "EncodeChunks");
}

TEST_F(RefusalsTest, AMessageThatIsTooLarge) {
  Restart({}, /*max_message_bytes=*/1000);
  EXPECT_EQ(CallRaw(kEncode, std::string(1001, 'x')).error_code(),
            StatusCode::RESOURCE_EXHAUSTED);
  ExpectServes();
}

}  // namespace
}  // namespace strata
