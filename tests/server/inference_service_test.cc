// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// The Open Inference Protocol over a real connection.

#include "server/inference_service.h"

#include <chrono>
#include <cstdint>
#include <cstring>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/model/registry.h"
#include "gmock/gmock.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/status.h"
#include "gtest/gtest.h"
#include "prometheus/text_serializer.h"
#include "tests/server/inference_call.h"
#include "tests/server/server_fixture.h"
#include "triton/grpc_service.grpc.pb.h"

namespace strata {
namespace {

using grpc::StatusCode;
using inference::ModelInferRequest;
using inference::ModelInferResponse;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

using Stub = inference::GRPCInferenceService::Stub;

constexpr const char* kText =
    "inputs { name: 'text' datatype: 'BYTES' shape: 1 "
    "contents { bytes_contents: 'A' } } ";

std::vector<float> Floats(const std::string& bytes) {
  std::vector<float> numbers(bytes.size() / sizeof(float));
  std::memcpy(numbers.data(), bytes.data(), bytes.size());
  return numbers;
}

class InferenceServiceTest : public ServerFixture {
 protected:
  InferenceServiceTest() {
    // Not a temporary: see ServerFixture::Restart.
    GrpcServerOptions options;
    options.telemetry.metrics = &metrics_;
    RestartServer(options);
  }

  // Calls and returns the answer; `ended_` says how it ended.
  template <typename Request, typename Response>
  Response Call(grpc::Status (Stub::*method)(grpc::ClientContext*,
                                             const Request&, Response*),
                const std::string& request) {
    return CallInference(channel_, method, request, ended_);
  }

  ModelInferResponse Infer(const std::string& request) {
    return Call(&Stub::ModelInfer, request);
  }

  void ExpectRefused(const std::string& request, StatusCode code,
                     const std::string& reason, const std::string& field,
                     const std::string& text) {
    SCOPED_TRACE(request);
    Infer(request);
    ExpectError(ended_, code, reason, field, text);
    ExpectServes();
  }

  grpc::Status ended_;
};

// The puppet's numbers are layer * 1000 + id; "A" is <s>, 67, </s>.
TEST_F(InferenceServiceTest, InfersATextWithDefaults) {
  const ModelInferResponse response = Infer(absl::StrCat("id: 'mine' ", kText));
  ASSERT_TRUE(ended_.ok()) << ended_.error_message();
  EXPECT_EQ(response.model_name(), "puppet");
  EXPECT_EQ(response.model_version(), "1");
  EXPECT_EQ(response.id(), "mine");
  ASSERT_EQ(response.outputs_size(), 2);
  ASSERT_EQ(response.raw_output_contents_size(), 2);
  EXPECT_EQ(response.outputs(0).name(), "hidden_states");
  EXPECT_EQ(response.outputs(0).datatype(), "FP32");
  EXPECT_THAT(response.outputs(0).shape(), ElementsAre(1, 3, 2));
  EXPECT_THAT(Floats(response.raw_output_contents(0)),
              ElementsAre(3000, 3000, 3067, 3067, 3001, 3001));
  EXPECT_EQ(response.outputs(1).name(), "attention_mask");
  EXPECT_THAT(response.outputs(1).shape(), ElementsAre(1, 3));
}

TEST_F(InferenceServiceTest, InfersPiecesUnderAMask) {
  const ModelInferResponse response = Infer(R"pb(
    inputs {
      name: "input_ids"
      datatype: "INT64"
      shape: [ 2, 2 ]
      contents { int64_contents: [ 5, 9, 6, 7 ] }
    }
    inputs {
      name: "attention_mask"
      datatype: "BOOL"
      shape: [ 2, 2 ]
      contents { bool_contents: [ true, false, true, true ] }
    }
    outputs { name: "layer_1" }
    outputs { name: "pooled" }
    outputs { name: "layer_-2" })pb");
  ASSERT_TRUE(ended_.ok()) << ended_.error_message();
  ASSERT_EQ(response.raw_output_contents_size(), 3);
  EXPECT_THAT(response.outputs(0).shape(), ElementsAre(2, 2, 2));
  EXPECT_THAT(Floats(response.raw_output_contents(0)),
              ElementsAre(1005, 1005, 0, 0, 1006, 1006, 1007, 1007));
  EXPECT_THAT(response.outputs(1).shape(), ElementsAre(2, 2));
  EXPECT_EQ(response.outputs(2).name(), "layer_-2");
  EXPECT_THAT(Floats(response.raw_output_contents(2)),
              ElementsAre(2005, 2005, 0, 0, 2006, 2006, 2007, 2007));
}

TEST_F(InferenceServiceTest, RefusesAsEncodeDoes) {
  ExpectRefused(absl::StrCat("model_name: 'x' ", kText), StatusCode::NOT_FOUND,
                "MODEL_NOT_FOUND", "", "no model \"x\"");
  ExpectRefused(absl::StrCat("model_version: '9' ", kText),
                StatusCode::NOT_FOUND, "MODEL_NOT_FOUND", "", "9");
  ExpectRefused(absl::StrCat("model_version: 'old' ", kText),
                StatusCode::NOT_FOUND, "MODEL_NOT_FOUND", "", "old");
  ExpectRefused("", StatusCode::INVALID_ARGUMENT, "INVALID_FIELD", "inputs",
                "got neither");
  ExpectRefused(absl::StrCat(kText, "outputs { name: 'layer_4' }"),
                StatusCode::INVALID_ARGUMENT, "INVALID_FIELD", "layer_4",
                "got layer 4, expected one from -4 to 3");
  ExpectRefused(absl::StrCat(kText, "outputs { name: 'logits' }"),
                StatusCode::FAILED_PRECONDITION, "NOT_SUPPORTED_BY_MODEL", "",
                "gives no LOGITS");
  ExpectRefused(R"pb(
                  inputs {
                    name: "input_ids"
                    datatype: "INT32"
                    shape: [ 1, 2 ]
                    contents { int_contents: [ 5, 100000 ] }
                  })pb",
                StatusCode::INVALID_ARGUMENT, "INVALID_FIELD",
                "input_ids[0][1]", "got 100000");
  ExpectRefused(R"pb(
                  inputs {
                    name: "text"
                    datatype: "BYTES"
                    shape: 2
                    contents { bytes_contents: [ "a", "much too long a text" ] }
                  })pb",
                StatusCode::INVALID_ARGUMENT, "INPUT_TOO_LONG", "text[1]",
                "16");
}

TEST_F(InferenceServiceTest, AModelThatIsLoading) {
  registry_.SetLoading({.name = "slow", .version = 1});
  ExpectRefused(absl::StrCat("model_name: 'slow' ", kText),
                StatusCode::UNAVAILABLE, "MODEL_NOT_READY", "", "slow");
}

TEST_F(InferenceServiceTest, BytesThatAreNoMessage) {
  const grpc::Status status =
      CallRaw("/inference.GRPCInferenceService/ModelInfer", "\x0A\x01\xFF");
  ExpectError(status, StatusCode::INVALID_ARGUMENT, "MALFORMED_MESSAGE", "",
              "inference.ModelInferRequest");
}

TEST_F(InferenceServiceTest, AnInputThatFailsFailsTheCall) {
  strings_->FailOn(9, Error(Reason::kForwardFailed, "bad piece"));
  ExpectRefused(R"pb(
                  inputs {
                    name: "input_ids"
                    datatype: "INT64"
                    shape: [ 3, 1 ]
                    contents { int64_contents: [ 8, 9, 8 ] }
                  })pb",
                StatusCode::INTERNAL, "FORWARD_FAILED", "",
                "input_ids[1]: bad piece");
}

TEST_F(InferenceServiceTest, TheTimeoutIsADeadline) {
  strings_->Hold();
  const auto stub = inference::GRPCInferenceService::NewStub(channel_);
  const auto start =
      [&stub](grpc::ClientContext& context, const std::string& request,
              ModelInferResponse& response, std::promise<grpc::Status>& done) {
        // Copied before the call returns.
        const auto message = FromText<ModelInferRequest>(request);
        stub->async()->ModelInfer(
            &context, &message, &response,
            [&done](const grpc::Status& status) { done.set_value(status); });
      };
  grpc::ClientContext held_context;
  grpc::ClientContext context;
  ModelInferResponse held_response;
  ModelInferResponse response;
  std::promise<grpc::Status> held;
  std::promise<grpc::Status> late;
  start(held_context, kText, held_response, held);
  strings_->AwaitEntered(1);
  start(context,
        absl::StrCat(kText,
                     "parameters { key: 'timeout' value { int64_param: 1000 "
                     "} }"),
        response, late);
  observer_.AwaitQueueDepth(1);
  clock_.Advance(absl::Milliseconds(2));
  strings_->ReleaseAll();
  ExpectError(late.get_future().get(), StatusCode::DEADLINE_EXCEEDED,
              "DEADLINE_PASSED", "", "deadline");
  EXPECT_TRUE(held.get_future().get().ok());
}

// A stream's requests, and the answers by their ids; those with an error say it
// instead.
std::map<std::string, std::string> Stream(
    Stub& stub, const std::vector<std::string>& requests, grpc::Status& ended) {
  grpc::ClientContext context;
  const auto stream = stub.ModelStreamInfer(&context);
  for (const std::string& request : requests) {
    EXPECT_TRUE(stream->Write(FromText<ModelInferRequest>(request)));
  }
  stream->WritesDone();
  std::map<std::string, std::string> answers;
  inference::ModelStreamInferResponse response;
  while (stream->Read(&response)) {
    const ModelInferResponse& infer = response.infer_response();
    answers[infer.id()] = response.error_message();
    if (!response.error_message().empty()) continue;
    EXPECT_TRUE(infer.parameters().at("triton_final_response").bool_param());
    answers[infer.id()] =
        absl::StrJoin(Floats(infer.raw_output_contents(0)), " ");
  }
  ended = stream->Finish();
  return answers;
}

TEST_F(InferenceServiceTest, AnswersARequestOfAStreamByOneMessage) {
  strings_->FailOn(9, Error(Reason::kForwardFailed, "bad piece"));
  const auto stub = inference::GRPCInferenceService::NewStub(channel_);
  const auto ids = [](const std::string& id, const std::string& pieces) {
    return absl::StrCat("id: '", id,
                        "' inputs { name: 'input_ids' datatype: 'INT64' "
                        "shape: [2, 1] contents { int64_contents: [",
                        pieces, "] } }");
  };
  const auto answers =
      Stream(*stub,
             {ids("a", "5, 6"), ids("b", "7, 9"), ids("c", "7, 100000"),
              "id: 'd'", ids("e", "7, 8")},
             ended_);
  EXPECT_TRUE(ended_.ok()) << ended_.error_message();
  EXPECT_THAT(
      answers,
      ElementsAre(
          Pair("a", "3005 3005 3006 3006"),
          Pair("b", "INTERNAL: input_ids[1]: bad piece"),
          Pair("c", HasSubstr("INVALID_ARGUMENT: input_ids[1][0]: got")),
          Pair("d", HasSubstr("INVALID_ARGUMENT: inputs: expected")),
          Pair("e", "3007 3007 3008 3008")));
}

TEST_F(InferenceServiceTest, AStreamEndsWhenTheServerStops) {
  const auto stub = inference::GRPCInferenceService::NewStub(channel_);
  grpc::ClientContext context;
  const auto stream = stub->ModelStreamInfer(&context);
  EXPECT_TRUE(stream->Write(FromText<ModelInferRequest>(kText)));
  inference::ModelStreamInferResponse response;
  EXPECT_TRUE(stream->Read(&response));
  // It would wait for an hour for a stream that stays.
  server_->Shutdown(absl::Hours(1));
  EXPECT_FALSE(stream->Read(&response));
  ExpectError(stream->Finish(), StatusCode::UNAVAILABLE, "SERVER_STOPPING", "",
              "stopping");
}

TEST_F(InferenceServiceTest, ARequestOfAStreamHasATimeoutOfItsOwn) {
  strings_->Hold();
  const auto stub = inference::GRPCInferenceService::NewStub(channel_);
  grpc::ClientContext context;
  const auto stream = stub->ModelStreamInfer(&context);
  EXPECT_TRUE(stream->Write(
      FromText<ModelInferRequest>(absl::StrCat("id: 'first' ", kText))));
  strings_->AwaitEntered(1);
  EXPECT_TRUE(stream->Write(FromText<ModelInferRequest>(absl::StrCat(
      "id: 'second' parameters { key: 'timeout' value { int64_param: 1000000 "
      "} } ",
      kText))));
  stream->WritesDone();
  observer_.AwaitQueueDepth(1);
  clock_.Advance(absl::Seconds(2));
  strings_->ReleaseAll();
  std::map<std::string, std::string> answers;
  inference::ModelStreamInferResponse response;
  while (stream->Read(&response)) {
    answers[response.infer_response().id()] = response.error_message();
  }
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_THAT(answers,
              ElementsAre(Pair("first", ""),
                          Pair("second", HasSubstr("DEADLINE_EXCEEDED: "))));
}

TEST_F(InferenceServiceTest, WhatAStreamHasAskedGoesWithIt) {
  strings_->Hold();
  const auto stub = inference::GRPCInferenceService::NewStub(channel_);
  grpc::ClientContext context;
  const auto stream = stub->ModelStreamInfer(&context);
  EXPECT_TRUE(stream->Write(FromText<ModelInferRequest>(kText)));
  strings_->AwaitEntered(1);
  EXPECT_TRUE(stream->Write(FromText<ModelInferRequest>(kText)));
  observer_.AwaitQueueDepth(1);
  context.TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::CANCELLED);
  observer_.AwaitDone(absl::StatusCode::kCancelled);
  strings_->ReleaseAll();
  EXPECT_EQ(strings_->batches().size(), 1U);
  ExpectServes();
}

TEST_F(InferenceServiceTest, AStreamsAnswerIsOneMessageAndAsLargeAsOne) {
  Restart({.max_reply_bytes = 40});
  const auto stub = inference::GRPCInferenceService::NewStub(channel_);
  const auto texts = [](const std::string& id, const std::string& list) {
    return absl::StrCat("id: '", id,
                        "' inputs { name: 'text' datatype: 'BYTES' shape: 2 "
                        "contents { bytes_contents: [",
                        list, "] } } outputs { name: 'hidden_states' }");
  };
  // The second is of 2 and 3 pieces of 8 bytes: 40, but with zeros 48.
  const auto answers = Stream(
      *stub,
      {absl::StrCat("id: 'a' ", kText, "outputs { name: 'hidden_states' }"),
       texts("b", "'', 'A'"), texts("c", "'A', 'A'")},
      ended_);
  EXPECT_TRUE(ended_.ok()) << ended_.error_message();
  EXPECT_EQ(answers.at("a"), "3000 3000 3067 3067 3001 3001");
  EXPECT_THAT(answers.at("b"),
              HasSubstr("would hold 48 bytes of tensors, at most 40"));
  EXPECT_THAT(answers.at("b"), HasSubstr("send inputs of like lengths"));
  EXPECT_THAT(answers.at("c"),
              HasSubstr("would hold 48 bytes of tensors, at most 40"));
}

TEST_F(InferenceServiceTest, TellsOfTheServer) {
  EXPECT_TRUE(Call(&Stub::ServerLive, "").live());
  EXPECT_TRUE(Call(&Stub::ServerReady, "").ready());
  const auto metadata = Call(&Stub::ServerMetadata, "");
  EXPECT_EQ(metadata.name(), "strata");
  EXPECT_FALSE(metadata.version().empty());
  server_->StopHealth();
  EXPECT_TRUE(Call(&Stub::ServerLive, "").live());
  EXPECT_FALSE(Call(&Stub::ServerReady, "").ready());
  EXPECT_FALSE(Call(&Stub::ModelReady, "name: 'puppet'").ready());
}

TEST_F(InferenceServiceTest, TellsWhetherAModelIsReady) {
  EXPECT_TRUE(Call(&Stub::ModelReady, "name: 'puppet'").ready());
  EXPECT_TRUE(Call(&Stub::ModelReady, "name: 'puppet' version: '1'").ready());
  EXPECT_FALSE(Call(&Stub::ModelReady, "name: 'puppet' version: '2'").ready());
  EXPECT_FALSE(Call(&Stub::ModelReady, "name: 'x'").ready());
  EXPECT_TRUE(ended_.ok()) << ended_.error_message();
  registry_.SetLoading({.name = "slow", .version = 1});
  EXPECT_FALSE(Call(&Stub::ModelReady, "name: 'slow'").ready());
}

TEST_F(InferenceServiceTest, DescribesAModel) {
  AddModel("puppet", 2);
  const auto metadata = Call(&Stub::ModelMetadata, "name: 'puppet'");
  ASSERT_TRUE(ended_.ok()) << ended_.error_message();
  EXPECT_EQ(metadata.name(), "puppet");
  EXPECT_THAT(metadata.versions(), ElementsAre("1", "2"));
  ASSERT_EQ(metadata.inputs_size(), 4);
  EXPECT_EQ(metadata.inputs(0).name(), "text");
  EXPECT_EQ(metadata.inputs(0).datatype(), "BYTES");
  EXPECT_THAT(metadata.inputs(0).shape(), ElementsAre(-1, 1));
  ASSERT_EQ(metadata.outputs_size(), 4);
  EXPECT_EQ(metadata.outputs(0).name(), "hidden_states");
  EXPECT_THAT(metadata.outputs(0).shape(), ElementsAre(-1, -1, 2));
  EXPECT_THAT(metadata.outputs(1).shape(), ElementsAre(-1, 2));

  const auto config = Call(&Stub::ModelConfig, "name: 'puppet'").config();
  ASSERT_TRUE(ended_.ok()) << ended_.error_message();
  EXPECT_EQ(config.name(), "puppet");
  EXPECT_EQ(config.max_batch_size(), engine_->options().max_inputs);
  EXPECT_EQ(config.parameters().at("layers").string_value(), "4");
  EXPECT_EQ(config.parameters().at("max_pieces").string_value(), "16");

  Call(&Stub::ModelMetadata, "name: 'x'");
  ExpectError(ended_, StatusCode::NOT_FOUND, "MODEL_NOT_FOUND", "", "x");
  Call(&Stub::ModelConfig, "name: 'puppet' version: '7'");
  ExpectError(ended_, StatusCode::NOT_FOUND, "MODEL_NOT_FOUND", "", "7");
}

TEST_F(InferenceServiceTest, ListsWhatThereIs) {
  registry_.SetLoading({.name = "slow", .version = 1});
  const auto all = Call(&Stub::RepositoryIndex, "");
  ASSERT_EQ(all.models_size(), 2);
  EXPECT_EQ(all.models(0).name(), "puppet");
  EXPECT_EQ(all.models(0).version(), "1");
  EXPECT_EQ(all.models(0).state(), "READY");
  EXPECT_EQ(all.models(1).state(), "LOADING");
  EXPECT_THAT(all.models(1).reason(), HasSubstr("not serving yet"));
  EXPECT_EQ(Call(&Stub::RepositoryIndex, "ready: true").models_size(), 1);
}

TEST_F(InferenceServiceTest, CountsRequestsAsTheOthersAre) {
  Infer(R"pb(
    model_name: "puppet"
    inputs {
      name: "text"
      datatype: "BYTES"
      shape: 2
      contents { bytes_contents: [ "A", "B" ] }
    })pb");
  ASSERT_TRUE(ended_.ok()) << ended_.error_message();
  Infer("model_name: 'puppet'");
  EXPECT_FALSE(ended_.ok());
  const auto statistics = Call(&Stub::ModelStatistics, "name: 'puppet'");
  ASSERT_TRUE(ended_.ok()) << ended_.error_message();
  ASSERT_EQ(statistics.model_stats_size(), 1);
  const auto& model = statistics.model_stats(0);
  EXPECT_EQ(model.name(), "puppet");
  EXPECT_EQ(model.version(), "1");
  EXPECT_EQ(model.inference_count(), 2U);
  EXPECT_GE(model.execution_count(), 1U);
  EXPECT_EQ(model.inference_stats().success().count(), 1U);
  EXPECT_EQ(model.inference_stats().fail().count(), 1U);
  EXPECT_EQ(Call(&Stub::ModelStatistics, "").model_stats_size(), 1);
  const std::string exposed =
      prometheus::TextSerializer().Serialize(metrics_.registry()->Collect());
  EXPECT_THAT(exposed,
              HasSubstr("strata_requests_total{code=\"INVALID_ARGUMENT\","
                        "model=\"puppet\"} 1"));
  Call(&Stub::ModelStatistics, "name: 'x'");
  ExpectError(ended_, StatusCode::NOT_FOUND, "MODEL_NOT_FOUND", "", "x");
}

TEST_F(InferenceServiceTest, SaysWhatItDoesNotDo) {
  Call(&Stub::CudaSharedMemoryRegister, "");
  ExpectError(ended_, StatusCode::UNIMPLEMENTED, "NOT_IMPLEMENTED", "",
              "does not do CudaSharedMemoryRegister");
  Call(&Stub::LogSettings, "");
  ExpectError(ended_, StatusCode::UNIMPLEMENTED, "NOT_IMPLEMENTED", "",
              "does not do LogSettings");
}

TEST_F(InferenceServiceTest, LoadsAndUnloadsOnlyWhereThatIsAllowed) {
  Call(&Stub::RepositoryModelLoad, "model_name: 'puppet'");
  ExpectError(ended_, StatusCode::PERMISSION_DENIED, "NOT_ALLOWED", "",
              "--model-control=on");
  Call(&Stub::RepositoryModelUnload, "model_name: 'puppet'");
  ExpectError(ended_, StatusCode::PERMISSION_DENIED, "NOT_ALLOWED", "",
              "--model-control=on");
}

}  // namespace
}  // namespace strata
