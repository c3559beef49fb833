// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// The services over a real connection: what they answer when all is well.

#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "core/base/error.h"
#include "core/model/registry.h"
#include "gmock/gmock.h"
#include "grpcpp/client_context.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"
#include "grpcpp/support/status.h"
#include "gtest/gtest.h"
#include "prometheus/text_serializer.h"
#include "strata/v1/hidden_state_service.pb.h"
#include "strata/v1/model_service.pb.h"
#include "strata/v1/tensor.pb.h"
#include "tests/server/server_fixture.h"

namespace strata {
namespace {

using testing::ElementsAre;

std::vector<float> Numbers(const v1::Tensor& tensor) {
  std::vector<float> numbers(tensor.data().size() / sizeof(float));
  std::memcpy(numbers.data(), tensor.data().data(), tensor.data().size());
  return numbers;
}

class ServicesTest : public ServerFixture {};

// The puppet's numbers are layer * 1000 + id; "A" is <s>, 67, </s>.
TEST_F(ServicesTest, EncodesATextWithDefaults) {
  const v1::EncodeResponse response = Encode("inputs { text: 'A' }");
  ASSERT_TRUE(status().ok()) << status().error_message();
  EXPECT_EQ(response.model(), "puppet");
  EXPECT_EQ(response.version(), 1);
  EXPECT_EQ(response.digest(), "sha256:puppet");
  ASSERT_EQ(response.encodings_size(), 1);
  const v1::Encoding& encoding = response.encodings(0);
  EXPECT_EQ(encoding.status().code(), 0);
  EXPECT_EQ(encoding.piece_count(), 3);
  EXPECT_EQ(encoding.pieces_size(), 0);
  EXPECT_EQ(encoding.batch().rows(), 1);
  EXPECT_EQ(encoding.batch().pieces(), 3);
  ASSERT_EQ(encoding.outputs_size(), 1);
  const v1::Tensor& tensor = encoding.outputs(0).tensor();
  EXPECT_EQ(tensor.dtype(), v1::DATA_TYPE_FLOAT32);
  EXPECT_THAT(tensor.shape(), ElementsAre(1, 3, 2));
  EXPECT_THAT(Numbers(tensor), ElementsAre(3000, 3000, 3067, 3067, 3001, 3001));
  EXPECT_TRUE(response.has_timings());
}

TEST_F(ServicesTest, EncodesLayersPoolingsAndNames) {
  const v1::EncodeResponse response = Encode(R"pb(
    inputs { pieces { ids: 5 ids: 6 } }
    outputs { name: "layers" layers: -1 layers: 0 }
    outputs { name: "mean" pooling: POOLING_MEAN layers: 2 })pb");
  ASSERT_TRUE(status().ok()) << status().error_message();
  const v1::Encoding& encoding = response.encodings(0);
  ASSERT_EQ(encoding.outputs_size(), 2);
  EXPECT_EQ(encoding.outputs(0).name(), "layers");
  EXPECT_THAT(encoding.outputs(0).tensor().shape(), ElementsAre(2, 2, 2));
  EXPECT_THAT(Numbers(encoding.outputs(0).tensor()),
              ElementsAre(3005, 3005, 3006, 3006, 5, 5, 6, 6));
  EXPECT_EQ(encoding.outputs(1).name(), "mean");
  EXPECT_THAT(encoding.outputs(1).tensor().shape(), ElementsAre(1, 2));
  EXPECT_THAT(Numbers(encoding.outputs(1).tensor()), ElementsAre(2005, 2005));
}

TEST_F(ServicesTest, AnswersInTheOrderOfTheInputs) {
  const v1::EncodeResponse response = Encode(R"pb(
    inputs { pieces { ids: 9 ids: 9 ids: 9 } }
    inputs { pieces { ids: 8 } }
    inputs { pieces { ids: 7 ids: 7 } })pb");
  ASSERT_TRUE(status().ok()) << status().error_message();
  ASSERT_EQ(response.encodings_size(), 3);
  EXPECT_EQ(response.encodings(0).piece_count(), 3);
  EXPECT_EQ(response.encodings(1).piece_count(), 1);
  EXPECT_THAT(Numbers(response.encodings(2).outputs(0).tensor()),
              ElementsAre(3007, 3007, 3007, 3007));
}

TEST_F(ServicesTest, ReturnsPiecesAndWhatTruncationCut) {
  const v1::EncodeResponse response = Encode(R"pb(
    inputs { text: "abcdef" }
    return_pieces: true
    truncation: TRUNCATION_RIGHT
    max_pieces: 4)pb");
  ASSERT_TRUE(status().ok()) << status().error_message();
  const v1::Encoding& encoding = response.encodings(0);
  EXPECT_EQ(encoding.piece_count(), 4);
  EXPECT_EQ(encoding.truncated_pieces(), 4);
  ASSERT_EQ(encoding.pieces_size(), 4);
  EXPECT_EQ(encoding.pieces(0).text(), "<s>");
  EXPECT_EQ(encoding.pieces(1).text(), "a");
  EXPECT_EQ(encoding.pieces(2).text(), "b");
  EXPECT_EQ(encoding.pieces(2).begin(), 1);
  EXPECT_EQ(encoding.pieces(2).end(), 2);
  EXPECT_EQ(encoding.pieces(3).text(), "</s>");
}

TEST_F(ServicesTest, AcceptsTheDigestThatItHas) {
  Encode("inputs { text: 'A' } expected_digest: 'sha256:puppet'");
  EXPECT_TRUE(status().ok()) << status().error_message();
}

TEST_F(ServicesTest, WhatFailsForOneInputIsItsOwn) {
  strings_->FailOn(9, Error(Reason::kForwardFailed, "bad piece"));
  const v1::EncodeResponse response = Encode(R"pb(
    inputs { pieces { ids: 9 } }
    inputs { pieces { ids: 8 } })pb");
  ASSERT_TRUE(status().ok()) << status().error_message();
  ASSERT_EQ(response.encodings_size(), 2);
  EXPECT_EQ(response.encodings(0).status().code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ(response.encodings(0).outputs_size(), 0);
}

// An answer of more than the 4 MiB that gRPC sends by default.
TEST_F(ServicesTest, SendsLargeAnswers) {
  v1::EncodeRequest request;
  for (int i = 0; i < 1024; ++i) request.add_inputs()->set_text("0123456789");
  for (int i = 0; i < 16; ++i) {
    auto& output = *request.add_outputs();
    for (int layer = 0; layer < 4; ++layer) output.add_layers(layer);
  }
  grpc::ClientContext context;
  v1::EncodeResponse response;
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  const auto stub = v1::HiddenStateService::NewStub(
      grpc::CreateCustomChannel(server_->address().ToString(),
                                grpc::InsecureChannelCredentials(), arguments));
  const grpc::Status status = stub->Encode(&context, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_GT(response.ByteSizeLong(), 4U << 20);
  ASSERT_EQ(response.encodings_size(), 1024);
  EXPECT_THAT(response.encodings(1023).outputs(15).tensor().shape(),
              ElementsAre(4, 12, 2));
}

TEST_F(ServicesTest, TokenizesAndBack) {
  const v1::TokenizeResponse tokens =
      Tokenize("inputs { text: 'hi' } inputs { text: '' }");
  ASSERT_TRUE(status().ok()) << status().error_message();
  EXPECT_EQ(tokens.model(), "puppet");
  EXPECT_EQ(tokens.digest(), "sha256:puppet");
  ASSERT_EQ(tokens.inputs_size(), 2);
  ASSERT_EQ(tokens.inputs(0).pieces_size(), 4);
  EXPECT_EQ(tokens.inputs(0).pieces(1).text(), "h");
  EXPECT_EQ(tokens.inputs(1).pieces_size(), 2);

  const v1::DetokenizeResponse texts = Detokenize(
      "inputs { ids: 0 ids: 106 ids: 107 ids: 1 } skip_special_pieces: true");
  ASSERT_TRUE(status().ok()) << status().error_message();
  EXPECT_THAT(texts.texts(), ElementsAre("hi"));
  EXPECT_EQ(texts.version(), 1);
}

TEST_F(ServicesTest, ListsModelsOfEveryState) {
  registry_.SetLoading({.name = "slow", .version = 2});
  registry_.SetLoading({.name = "broken", .version = 1});
  ASSERT_TRUE(registry_
                  .SetRefused({.name = "broken", .version = 1},
                              Error(Reason::kModelRefused, "no tokenizer"), "",
                              {})
                  .ok());
  const v1::ListModelsResponse page = ListModels("page_size: 2");
  ASSERT_TRUE(status().ok()) << status().error_message();
  ASSERT_EQ(page.models_size(), 2);
  EXPECT_EQ(page.models(0).name(), "broken");
  EXPECT_EQ(page.models(0).state(), v1::MODEL_STATE_REFUSED);
  EXPECT_EQ(page.models(0).reason(), "no tokenizer");
  EXPECT_EQ(page.models(1).state(), v1::MODEL_STATE_READY);
  const v1::ListModelsResponse rest =
      ListModels("page_token: '" + page.next_page_token() + "'");
  ASSERT_EQ(rest.models_size(), 1);
  EXPECT_EQ(rest.models(0).name(), "slow");
  EXPECT_EQ(rest.models(0).state(), v1::MODEL_STATE_LOADING);
  EXPECT_EQ(rest.next_page_token(), "");
}

TEST_F(ServicesTest, DescribesAModel) {
  const v1::GetModelResponse response = GetModel("");
  ASSERT_TRUE(status().ok()) << status().error_message();
  EXPECT_EQ(response.summary().name(), "puppet");
  EXPECT_EQ(response.summary().digest(), "sha256:puppet");
  EXPECT_EQ(response.trace_report().layers(), 4);
  EXPECT_EQ(response.trace_report().mask_form(), v1::MASK_FORM_PAIRS);
  EXPECT_EQ(response.limits().max_pieces(), 16);
  EXPECT_EQ(response.limits().max_inputs(), 1024);
  EXPECT_THAT(response.devices(), ElementsAre("cpu"));
}

TEST_F(ServicesTest, DescribesARefusedModelToo) {
  registry_.SetLoading({.name = "broken", .version = 1});
  ASSERT_TRUE(registry_
                  .SetRefused({.name = "broken", .version = 1},
                              Error(Reason::kModelRefused, "no tokenizer"), "",
                              {.layers = 5})
                  .ok());
  const v1::GetModelResponse response = GetModel("model: 'broken'");
  ASSERT_TRUE(status().ok()) << status().error_message();
  EXPECT_EQ(response.summary().reason(), "no tokenizer");
  EXPECT_EQ(response.trace_report().layers(), 5);
  EXPECT_FALSE(response.has_limits());
}

TEST_F(ServicesTest, HealthFollowsTheModels) {
  EXPECT_EQ(IsServing(""), true);
  EXPECT_EQ(IsServing("puppet"), true);
  EXPECT_EQ(IsServing("other"), std::nullopt);
  registry_.SetLoading({.name = "slow", .version = 1});
  server_->PublishHealth();
  EXPECT_EQ(IsServing("slow"), false);
  AddModel("other");
  EXPECT_EQ(IsServing("other"), true);
}

// A message longer than what gRPC takes of metadata would break the call off.
TEST_F(ServicesTest, HealthOfAnUnknownNameIsAnErrorOfOrdinaryLength) {
  const auto stub = grpc::health::v1::Health::NewStub(channel_);
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(std::string(4000, 'm'));
  grpc::health::v1::HealthCheckResponse response;
  grpc::ClientContext context;
  const grpc::Status status = stub->Check(&context, request, &response);
  ExpectError(status, grpc::StatusCode::NOT_FOUND, "MODEL_NOT_FOUND", "",
              "no service \"mmm");
  EXPECT_LT(status.error_message().size(), 1100);
}

TEST_F(ServicesTest, HealthIsNotAskedAtLength) {
  const auto stub = grpc::health::v1::Health::NewStub(channel_);
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(std::string(70000, 'm'));
  grpc::health::v1::HealthCheckResponse response;
  grpc::ClientContext context;
  ExpectError(stub->Check(&context, request, &response),
              grpc::StatusCode::INVALID_ARGUMENT, "MALFORMED_MESSAGE", "",
              "got 70004 bytes, expected at most 65536");
  grpc::ClientContext watch_context;
  const auto reader = stub->Watch(&watch_context, request);
  grpc::health::v1::HealthCheckResponse reply;
  EXPECT_FALSE(reader->Read(&reply));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ServicesTest, AWatchHearsEveryChange) {
  const auto stub = grpc::health::v1::Health::NewStub(channel_);
  grpc::health::v1::HealthCheckRequest request;
  request.set_service("late");
  grpc::ClientContext context;
  const auto reader = stub->Watch(&context, request);
  grpc::health::v1::HealthCheckResponse reply;
  ASSERT_TRUE(reader->Read(&reply));
  EXPECT_EQ(reply.status(),
            grpc::health::v1::HealthCheckResponse::SERVICE_UNKNOWN);
  AddModel("late");
  server_->PublishHealth();
  ASSERT_TRUE(reader->Read(&reply));
  EXPECT_EQ(reply.status(), grpc::health::v1::HealthCheckResponse::SERVING);
  context.TryCancel();
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

// Else a shutdown would last until its deadline.
TEST_F(ServicesTest, AWatchHearsTheStopAndIsEndedByTheShutdown) {
  const auto stub = grpc::health::v1::Health::NewStub(channel_);
  grpc::ClientContext context;
  const auto reader = stub->Watch(&context, {});
  grpc::health::v1::HealthCheckResponse reply;
  ASSERT_TRUE(reader->Read(&reply));
  EXPECT_EQ(reply.status(), grpc::health::v1::HealthCheckResponse::SERVING);
  server_->StopHealth();
  ASSERT_TRUE(reader->Read(&reply));
  EXPECT_EQ(reply.status(), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  const std::jthread shutdown([this] { server_->Shutdown(absl::Minutes(4)); });
  EXPECT_FALSE(reader->Read(&reply));
  const grpc::Status status = reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "the server is stopping");
}

TEST_F(ServicesTest, HealthStopsBeforeTheServiceDoes) {
  server_->StopHealth();
  EXPECT_EQ(IsServing(""), false);
  EXPECT_EQ(IsServing("puppet"), false);
  ExpectServes();
  // A model that becomes ready now changes nothing.
  server_->PublishHealth();
  EXPECT_EQ(IsServing(""), false);
}

// grpc.reflection.v1alpha by its bytes: there is one request a call, field 7
// asks for all services, field 4 for the file of a symbol.
TEST_F(ServicesTest, ReflectionListsAndDescribesTheServices) {
  constexpr const char* kReflect =
      "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
  std::string answer;
  ASSERT_TRUE(CallRaw(kReflect, std::string("\x3A\x00", 2), &answer).ok());
  for (const char* service :
       {"strata.v1.HiddenStateService", "strata.v1.TokenizerService",
        "strata.v1.ModelService", "grpc.health.v1.Health"}) {
    EXPECT_THAT(answer, testing::HasSubstr(service));
  }
  const std::string symbol = "strata.v1.HiddenStateService.Encode";
  std::string request(1, '\x22');
  request.push_back(static_cast<char>(symbol.size()));
  request += symbol;
  ASSERT_TRUE(CallRaw(kReflect, request, &answer).ok());
  EXPECT_THAT(answer,
              testing::HasSubstr("strata/v1/hidden_state_service.proto"));
  EXPECT_THAT(answer, testing::HasSubstr("expected_digest"));
}

TEST_F(ServicesTest, MetricsCountWhatWasServed) {
  ExpectServes();
  Encode("model: 'made-up' inputs { text: 'A' }");
  const std::string text =
      prometheus::TextSerializer().Serialize(metrics_.registry()->Collect());
  for (const char* line :
       {R"(strata_requests_total{code="OK",model="puppet"} 1)",
        R"(strata_requests_total{code="NOT_FOUND",model="<other>"} 1)",
        R"(strata_rejections_total{reason="MODEL_NOT_FOUND"} 1)",
        R"(strata_pieces_total{model="puppet"} 3)",
        R"(strata_batch_rows_count{model="puppet"} 1)"}) {
    EXPECT_THAT(text, testing::HasSubstr(line));
  }
}

}  // namespace
}  // namespace strata
