// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/client/cli/run_cli.h"
#include "tests/client/fake_server.h"

// `strata encode`, of which client/cli/encode.cc is the heart.
namespace strata::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST(Encode, EncodesToATable) {
  const FakeServer server({.encode = EncodePooled});
  const Result result = RunOn(server, {"encode", "one", "two"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out,
              StartsWith("minilm version 1: 2 texts, 6 pieces, 0.00 ms\n\n"));
  EXPECT_THAT(result.out, HasSubstr("\none        3  [1, 2]"));
  EXPECT_THAT(result.out, HasSubstr("   1.0000  -10.0000\n"));
  EXPECT_THAT(result.err, IsEmpty());
}

TEST(Encode, EncodesToJson) {
  const FakeServer server({.encode = EncodePooled});
  const Result result =
      RunOn(server, {"encode", "-", "--format", "json"}, "one\ntwo\n");
  EXPECT_EQ(result.code, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json["model"], "minilm");
  ASSERT_EQ(json["encodings"].size(), 2U);
  const auto& tensor = json["encodings"][1]["outputs"][0]["tensor"];
  EXPECT_EQ(tensor["shape"].dump(), "[1,2]");
  EXPECT_EQ(tensor["values"].dump(), "[[1.0,-10.0]]");
}

TEST(Encode, WhatIsTooLargeForOneAnswerComesInParts) {
  const FakeServer server(
      {.encode =
           [](const auto&, const auto&, auto&) {
             return ReasonStatus(grpc::StatusCode::FAILED_PRECONDITION,
                                 "too large", "REPLY_TOO_LARGE");
           },
       .encode_chunks =
           [](const auto& context, const auto& request, auto& events) {
             v1::EncodeResponse whole;
             EncodePooled(context, request.request(), whole);
             events.resize(3);
             v1::Tensor& tensor = *whole.mutable_encodings(0)
                                       ->mutable_outputs(0)
                                       ->mutable_tensor();
             events[1].mutable_part()->set_data(tensor.data());
             events[1].mutable_part()->set_last(true);
             tensor.clear_data();
             *events[0].mutable_encoding() = whole.encodings(0);
             events[2].mutable_done();
             events[2].mutable_answer()->set_model("minilm");
             return grpc::Status::OK;
           }});
  const Result result = RunOn(server, {"encode", "one", "--format", "json"});
  EXPECT_EQ(result.code, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json["model"], "minilm");
  EXPECT_EQ(json["encodings"][0]["outputs"][0]["tensor"]["values"].dump(),
            "[[1.0,-10.0]]");
}

TEST(Encode, EncodesToNpy) {
  const FakeServer server({.encode = EncodePooled});
  const Folder folder;
  const Result result = RunOn(server, {"encode", "one", "two", "--format",
                                       "npy", "--output", folder / "s-%d.npy"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, IsEmpty());
  const std::string zero = Contents(folder / "s-0.npy");
  EXPECT_THAT(zero, StartsWith("\x93NUMPY"));
  EXPECT_EQ(zero.size(), 128U + 8U);
  EXPECT_EQ(Contents(folder / "s-1.npy"), zero);
  const Result piped = RunOn(server, {"encode", "one", "--format", "npy"});
  EXPECT_EQ(piped.code, 0) << piped.err;
  EXPECT_EQ(piped.out, zero);
}

TEST(Encode, MakesTheFolderOfTheOutput) {
  const FakeServer server({.encode = EncodePooled});
  const Folder folder;
  const Result result = RunOn(
      server, {"encode", "x", "--format", "npy", "--output", folder / "a/b/"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(Contents(folder / "a/b/0.npy"), StartsWith("\x93NUMPY"));
}

TEST(Encode, WritesNothingToATerminalButText) {
  const FakeServer server({});  // Not asked.
  const Result result = RunArgs(
      {"encode", "x", "--format", "npy", "--server", server.address()}, "",
      /*out_is_terminal=*/true);
  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(result.err,
            "strata: --format npy does not write to a terminal; add --output "
            "PATH or send standard output to a file.\n");
}

TEST(Encode, SaysWhenTheOutputCannotBeWritten) {
  const FakeServer server({.encode = EncodePooled});
  const Folder folder;
  std::ofstream(folder / "file") << "x";
  const std::string path = folder / "file/states.npy";
  const Result result =
      RunOn(server, {"encode", "x", "--format", "json", "--output", path});
  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(result.err, "strata: --output " + path +
                            " cannot be written to; name a file that can.\n");
}

TEST(Encode, AllLayersAreThoseOfTheModel) {
  v1::EncodeRequest encode;
  v1::GetModelRequest get_model;
  const FakeServer server(
      {.encode =
           [&](const grpc::ServerContext& context,
               const v1::EncodeRequest& request, v1::EncodeResponse& response) {
             encode = request;
             return EncodePooled(context, request, response);
           },
       .get_model =
           [&](const auto&, const v1::GetModelRequest& request,
               v1::GetModelResponse& response) {
             get_model = request;
             response.mutable_trace_report()->set_layers(3);
             return grpc::Status::OK;
           }});
  const Result result =
      RunOn(server, {"encode", "x", "--layers", "all", "--model", "minilm",
                     "--model-version", "2"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(get_model.model(), "minilm");
  EXPECT_EQ(get_model.version(), 2);
  EXPECT_EQ(encode.model(), "minilm");
  EXPECT_THAT(encode.outputs(0).layers(), ElementsAre(0, 1, 2));
}

TEST(Encode, AllLayersOfAModelThatHasNoReport) {
  const FakeServer server({.get_model = [](const auto&, const auto&, auto&) {
    return grpc::Status::OK;
  }});
  const Result result = RunOn(server, {"encode", "x", "--layers", "all"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("does not say how many layers"));
}

TEST(Encode, OneInputMayFail) {
  const FakeServer server({.encode = [](const grpc::ServerContext& context,
                                        const v1::EncodeRequest& request,
                                        v1::EncodeResponse& response) {
    const auto status = EncodePooled(context, request, response);
    v1::Encoding& second = *response.mutable_encodings(1);
    second.clear_outputs();
    second.mutable_status()->set_code(grpc::StatusCode::INTERNAL);
    second.mutable_status()->set_message("the forward ran out of memory");
    return status;
  }});
  const Folder folder;
  const Result result = RunOn(server, {"encode", "one", "two", "--format",
                                       "npy", "--output", folder / "%d.npy"});
  EXPECT_EQ(result.code, 4);
  EXPECT_EQ(result.err,
            "strata: text 2: INTERNAL: the forward ran out of memory.\n"
            "strata: 1 of 2 texts failed.\n");
  EXPECT_THAT(Contents(folder / "0.npy"), StartsWith("\x93NUMPY"));
  EXPECT_FALSE(std::filesystem::exists(folder / "1.npy"));
}

}  // namespace
}  // namespace strata::cli
