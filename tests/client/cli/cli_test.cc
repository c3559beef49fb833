// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/client/cli/run_cli.h"
#include "tests/client/fake_server.h"

namespace strata::cli {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

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
