// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "client/cli/console.h"
#include "tests/client/fake_server.h"

namespace strata::cli {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

struct Result {
  int code = 0;
  std::string out;
  std::string err;
};

Result RunArgs(const std::vector<std::string>& args,
               const std::string& input = "", bool out_is_terminal = false) {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  const int code = RunCli(args, {.in = in,
                                 .out = out,
                                 .err = err,
                                 .width = 100,
                                 .out_is_terminal = out_is_terminal});
  return {.code = code, .out = out.str(), .err = err.str()};
}

Result RunOn(const FakeServer& server, std::vector<std::string> args,
             const std::string& input = "") {
  args.insert(args.begin(), {"--server", server.address()});
  return RunArgs(args, input);
}

// Answers each text with one pooled vector, [1, 2], of 1 and -10.
grpc::Status EncodePooled(const grpc::ServerContext&,
                          const v1::EncodeRequest& request,
                          v1::EncodeResponse& response) {
  response.set_model("minilm");
  response.set_version(1);
  for (int i = 0; i < request.inputs_size(); ++i) {
    v1::Encoding& encoding = *response.add_encodings();
    encoding.set_piece_count(3);
    v1::Tensor& tensor = *encoding.add_outputs()->mutable_tensor();
    tensor.set_dtype(v1::DATA_TYPE_FLOAT32);
    tensor.add_shape(1);
    tensor.add_shape(2);
    tensor.set_data(std::string("\x00\x00\x80\x3F\x00\x00\x20\xC1", 8));
  }
  return grpc::Status::OK;
}

// A folder of its own, gone at the end.
class Folder {
 public:
  Folder() { std::filesystem::create_directories(path_); }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string operator/(const std::string& name) const {
    return (path_ / name).string();
  }

 private:
  const std::filesystem::path path_ =
      std::filesystem::path(testing::TempDir()) /
      testing::UnitTest::GetInstance()->current_test_info()->name();
};

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Cli, EncodesToATable) {
  const FakeServer server({.encode = EncodePooled});
  const Result result = RunOn(server, {"encode", "one", "two"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out,
              StartsWith("minilm version 1: 2 texts, 6 pieces, 0.00 ms\n\n"));
  EXPECT_THAT(result.out, HasSubstr("\none        3  [1, 2]"));
  EXPECT_THAT(result.out, HasSubstr("   1.0000  -10.0000\n"));
  EXPECT_THAT(result.err, IsEmpty());
}

TEST(Cli, EncodesToJson) {
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

TEST(Cli, WhatIsTooLargeForOneAnswerComesInParts) {
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

TEST(Cli, EncodesToNpy) {
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

TEST(Cli, MakesTheFolderOfTheOutput) {
  const FakeServer server({.encode = EncodePooled});
  const Folder folder;
  const Result result = RunOn(
      server, {"encode", "x", "--format", "npy", "--output", folder / "a/b/"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(Contents(folder / "a/b/0.npy"), StartsWith("\x93NUMPY"));
}

TEST(Cli, WritesNothingToATerminalButText) {
  const FakeServer server({});  // Not asked.
  const Result result = RunArgs(
      {"encode", "x", "--format", "npy", "--server", server.address()}, "",
      /*out_is_terminal=*/true);
  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(result.err,
            "strata: --format npy does not write to a terminal; add --output "
            "PATH or send standard output to a file.\n");
}

TEST(Cli, SaysWhenTheOutputCannotBeWritten) {
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

TEST(Cli, AllLayersAreThoseOfTheModel) {
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

TEST(Cli, AllLayersOfAModelThatHasNoReport) {
  const FakeServer server({.get_model = [](const auto&, const auto&, auto&) {
    return grpc::Status::OK;
  }});
  const Result result = RunOn(server, {"encode", "x", "--layers", "all"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("does not say how many layers"));
}

TEST(Cli, OneInputMayFail) {
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
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err,
              EndsWith(": text 2 failed: the forward ran out of memory.\n"));
  EXPECT_THAT(Contents(folder / "0.npy"), StartsWith("\x93NUMPY"));
  EXPECT_FALSE(std::filesystem::exists(folder / "1.npy"));
}

TEST(Cli, AnswersThatDoNotMatchAreRefused) {
  const FakeServer server({.encode = [](const auto&, const auto&,
                                        auto&) { return grpc::Status::OK; },
                           .tokenize = [](const auto&, const auto&,
                                          auto&) { return grpc::Status::OK; }});
  const Result encoded = RunOn(server, {"encode", "x"});
  EXPECT_EQ(encoded.code, 1);
  EXPECT_THAT(encoded.err, HasSubstr("answered 0 encodings for 1 texts"));
  const Result tokenized = RunOn(server, {"tokenize", "x"});
  EXPECT_EQ(tokenized.code, 1);
  EXPECT_THAT(tokenized.err, HasSubstr("answered 0 inputs for 1 texts"));
}

TEST(Cli, Tokenizes) {
  const FakeServer server(
      {.tokenize = [](const auto&, const v1::TokenizeRequest& request,
                      v1::TokenizeResponse& response) {
        EXPECT_EQ(request.truncation(), v1::TRUNCATION_UNSPECIFIED);
        response.set_model("minilm");
        response.add_inputs()->add_pieces()->set_text("cat");
        return grpc::Status::OK;
      }});
  const Result table = RunOn(server, {"tokenize", "cat"});
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("\ncat: 1 piece\n"));
  const Result json = RunOn(server, {"tokenize", "cat", "--format", "json"});
  EXPECT_EQ(json.out, R"({"model":"minilm","version":0,"digest":"","inputs":[)"
                      R"({"pieces":[{"id":0,"text":"cat","begin":0,"end":0,)"
                      R"("in_pair":false}],)"
                      R"("truncated_pieces":0}]})"
                      "\n");
}

TEST(Cli, ListsModels) {
  const FakeServer server({.list_models = [](const auto&, const auto&,
                                             v1::ListModelsResponse& response) {
    v1::ModelSummary& model = *response.add_models();
    model.set_name("minilm");
    model.set_version(1);
    model.set_state(v1::MODEL_STATE_READY);
    model.add_labels("stable");
    return grpc::Status::OK;
  }});
  EXPECT_THAT(RunOn(server, {"models"}).out,
              HasSubstr("\nminilm        1  READY          stable\n"));
  EXPECT_EQ(RunOn(server, {"models", "--format", "json"}).out,
            R"({"models":[{"name":"minilm","version":1,)"
            R"("state":"MODEL_STATE_READY","reason":"","digest":"",)"
            R"("labels":["stable"]}]})"
            "\n");
}

TEST(Cli, ShowsAModel) {
  const FakeServer server(
      {.get_model = [](const auto&, const v1::GetModelRequest& request,
                       v1::GetModelResponse& response) {
        if (request.model() != "minilm") {
          return ReasonStatus(grpc::StatusCode::NOT_FOUND, "no model \"x\"",
                              "MODEL_NOT_FOUND");
        }
        response.mutable_summary()->set_name("minilm");
        response.mutable_summary()->set_state(v1::MODEL_STATE_READY);
        return grpc::Status::OK;
      }});
  EXPECT_THAT(RunOn(server, {"models", "minilm"}).out,
              StartsWith("minilm version 0: READY\n"));
  EXPECT_THAT(RunOn(server, {"models", "minilm", "--format", "json"}).out,
              StartsWith(R"({"summary":{"name":"minilm",)"));
  const Result unknown = RunOn(server, {"models", "x"});
  EXPECT_EQ(unknown.code, 1);
  EXPECT_EQ(unknown.err,
            "strata: NOT_FOUND from " + server.address() +
                ": no model \"x\" [MODEL_NOT_FOUND]. Name one with --model; "
                "`strata models` lists them.\n");
}

TEST(Cli, HealthIsItsExitCode) {
  const FakeServer server(
      {.health = [](const auto&, const HealthCheckRequest& request,
                    HealthCheckResponse& response) {
        response.set_status(request.service().empty()
                                ? HealthCheckResponse::SERVING
                                : HealthCheckResponse::NOT_SERVING);
        return grpc::Status::OK;
      }});
  const Result all = RunOn(server, {"health"});
  EXPECT_EQ(all.code, 0);
  EXPECT_EQ(all.out, "SERVING\n");
  const Result one = RunOn(server, {"health", "falcon", "--format", "json"});
  EXPECT_EQ(one.code, 1);
  EXPECT_EQ(one.out, "{\"status\":\"NOT_SERVING\"}\n");
  EXPECT_THAT(one.err, HasSubstr("falcon is NOT_SERVING; `strata models`"));
}

TEST(Cli, NoServerIsItsOwnExitCode) {
  const std::string address = FakeServer({}).address();
  const Result result = RunArgs({"models", "--server", address});
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_THAT(result.err,
              StartsWith("strata: cannot reach the server at " + address));
}

TEST(Cli, NamesWhatIsNotUtf8) {
  const FakeServer server({});  // Not asked.
  const Result text = RunOn(server, {"encode", "ok", "caf\xE9"});
  EXPECT_EQ(text.code, 2);
  EXPECT_EQ(text.err,
            "strata: text 2 is not valid UTF-8 from byte 3 on; convert it to "
            "UTF-8 first.\n");
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{
           {"encode", "x", "--model", "\xFF"},
           {"encode", "x", "--version-label", "\xFF"},
           {"encode", "x", "--pair", "\xFF"},
           {"tokenize", "x", "--prompt", "\xFF"},
           {"tokenize", "x", "--model", "\xFF"},
           {"models", "\xFF"},
           {"health", "\xFF"}}) {
    const Result name = RunOn(server, args);
    EXPECT_EQ(name.code, 2);
    EXPECT_THAT(name.err, HasSubstr("is not valid UTF-8 from byte 0 on"));
  }
}

TEST(Cli, WrongUsageIsItsOwnExitCode) {
  EXPECT_EQ(RunArgs({"encode"}).code, 2);
  EXPECT_EQ(RunArgs({"encode", "x", "--layers", "last"}).code, 2);
  EXPECT_EQ(RunArgs({"--help"}).code, 0);
}

}  // namespace
}  // namespace strata::cli
