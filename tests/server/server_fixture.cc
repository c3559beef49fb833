// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/server/server_fixture.h"

#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/engine/engine.h"
#include "gmock/gmock.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpcpp/client_context.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"
#include "grpcpp/support/status.h"
#include "gtest/gtest.h"
#include "server/grpc_server.h"
#include "server/security_options.h"
#include "server/stream_limits.h"
#include "tests/fakes/puppet_model.h"
#include "tests/server/wire_error.h"

namespace strata {

ServerFixture::ServerFixture() {
  const auto model = MakePuppetModel("puppet", strings_);
  registry_.SetLoading(model->id);
  EXPECT_TRUE(registry_.SetReady(model).ok());
  Restart({});
}

ServerFixture::~ServerFixture() {
  strings_->ReleaseAll();
  server_.reset();
}

void ServerFixture::Restart(const EngineOptions& options,
                            std::int64_t max_message_bytes,
                            const StreamLimits& stream,
                            const SecurityOptions& security) {
  // Not a temporary: g++ 12 would warn of members that it takes for
  // uninitialized.
  GrpcServerOptions server_options;
  server_options.max_message_bytes = max_message_bytes;
  server_options.stream = stream;
  server_options.security = security;
  Start(options, server_options);
}

void ServerFixture::RestartServer(GrpcServerOptions options) {
  Start({}, std::move(options));
}

void ServerFixture::Start(const EngineOptions& engine_options,
                          GrpcServerOptions options) {
  options.listen = {.host = "127.0.0.1", .port = 0};
  server_.reset();
  metrics_.SetModels(registry_.List());
  auto engine = Engine::Create(engine_options, registry_, clock_, observer_);
  ASSERT_TRUE(engine.ok()) << engine.status();
  engine_ = *std::move(engine);
  auto server = GrpcServer::Start(options, *engine_, registry_,
                                  /*manager=*/nullptr, clock_, observer_);
  ASSERT_TRUE(server.ok()) << server.status();
  server_ = *std::move(server);
  channel_ = grpc::CreateChannel(server_->address().ToString(),
                                 grpc::InsecureChannelCredentials());
  hidden_states_ = v1::HiddenStateService::NewStub(channel_);
  tokenizer_ = v1::TokenizerService::NewStub(channel_);
  models_ = v1::ModelService::NewStub(channel_);
}

void ServerFixture::AddModel(const std::string& name, std::int64_t version) {
  const auto model =
      MakePuppetModel(name, std::make_shared<PuppetStrings>(), version);
  registry_.SetLoading(model->id);
  EXPECT_TRUE(registry_.SetReady(model).ok());
  metrics_.SetModels(registry_.List());
  server_->PublishHealth();
}

void ServerFixture::AddMetadata(grpc::ClientContext& context) const {
  for (const auto& [key, value] : metadata_) context.AddMetadata(key, value);
}

v1::EncodeResponse ServerFixture::Encode(const std::string& request) {
  grpc::ClientContext context;
  AddMetadata(context);
  v1::EncodeResponse response;
  status_ = hidden_states_->Encode(
      &context, FromText<v1::EncodeRequest>(request), &response);
  return response;
}

v1::TokenizeResponse ServerFixture::Tokenize(const std::string& request) {
  grpc::ClientContext context;
  AddMetadata(context);
  v1::TokenizeResponse response;
  status_ = tokenizer_->Tokenize(
      &context, FromText<v1::TokenizeRequest>(request), &response);
  return response;
}

v1::DetokenizeResponse ServerFixture::Detokenize(const std::string& request) {
  grpc::ClientContext context;
  AddMetadata(context);
  v1::DetokenizeResponse response;
  status_ = tokenizer_->Detokenize(
      &context, FromText<v1::DetokenizeRequest>(request), &response);
  return response;
}

v1::ListModelsResponse ServerFixture::ListModels(const std::string& request) {
  grpc::ClientContext context;
  AddMetadata(context);
  v1::ListModelsResponse response;
  status_ = models_->ListModels(
      &context, FromText<v1::ListModelsRequest>(request), &response);
  return response;
}

v1::GetModelResponse ServerFixture::GetModel(const std::string& request) {
  grpc::ClientContext context;
  AddMetadata(context);
  v1::GetModelResponse response;
  status_ = models_->GetModel(&context, FromText<v1::GetModelRequest>(request),
                              &response);
  return response;
}

grpc::Status ServerFixture::CallRaw(const std::string& method,
                                    const std::string& bytes,
                                    std::string* answer) {
  grpc::GenericStub stub(channel_);
  grpc::ClientContext context;
  AddMetadata(context);
  const grpc::Slice slice(bytes);
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  std::promise<grpc::Status> done;
  stub.UnaryCall(
      &context, method, {}, &request, &response,
      [&done](const grpc::Status& status) { done.set_value(status); });
  const grpc::Status status = done.get_future().get();
  std::vector<grpc::Slice> slices;
  if (answer != nullptr && status.ok() && response.Dump(&slices).ok()) {
    answer->clear();
    for (const grpc::Slice& part : slices) {
      answer->append(reinterpret_cast<const char*>(part.begin()), part.size());
    }
  }
  return status;
}

std::optional<bool> ServerFixture::IsServing(const std::string& service) {
  const auto stub = grpc::health::v1::Health::NewStub(channel_);
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(service);
  grpc::health::v1::HealthCheckResponse response;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::minutes(1));
  const grpc::Status status = stub->Check(&context, request, &response);
  if (status.error_code() == grpc::StatusCode::NOT_FOUND) return std::nullopt;
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response.status() == grpc::health::v1::HealthCheckResponse::SERVING;
}

void ServerFixture::ExpectServes() {
  const v1::EncodeResponse response =
      Encode("model: 'puppet' inputs { text: 'A' }");
  EXPECT_TRUE(status_.ok()) << status_.error_message();
  EXPECT_EQ(response.encodings_size(), 1);
}

void ExpectError(const grpc::Status& status, grpc::StatusCode code,
                 const std::string& reason, const std::string& field,
                 const std::string& text) {
  EXPECT_EQ(status.error_code(), code) << status.error_message();
  EXPECT_THAT(status.error_message(), testing::HasSubstr(text));
  const WireError error = ReadError(status);
  EXPECT_EQ(error.domain, "strata");
  EXPECT_EQ(error.reason, reason);
  EXPECT_EQ(error.field, field);
}

}  // namespace strata
