// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_SERVER_SERVER_FIXTURE_H_
#define STRATA_TESTS_SERVER_SERVER_FIXTURE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/engine/engine.h"
#include "core/model/registry.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/status.h"
#include "gtest/gtest.h"
#include "server/grpc_server.h"
#include "server/metrics.h"
#include "server/security_options.h"
#include "server/stream_limits.h"
#include "strata/v1/hidden_state_service.grpc.pb.h"
#include "strata/v1/model_service.grpc.pb.h"
#include "strata/v1/tokenizer_service.grpc.pb.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/from_text.h"
#include "tests/fakes/puppet_runner.h"
#include "tests/server/awaiting_observer.h"

namespace strata {

// A real gRPC server on a free port of the loopback, over a real Engine whose
// models are puppets, and a real channel to it. The engine's clock is the
// test's. Models: "puppet" version 1, ready.
class ServerFixture : public testing::Test {
 protected:
  ServerFixture();
  ~ServerFixture() override;

  // Starts anew with other limits.
  void Restart(const EngineOptions& options,
               std::int64_t max_message_bytes = std::int64_t{64} << 20,
               const StreamLimits& stream = {},
               const SecurityOptions& security = {});
  // Starts anew with these, and the default limits.
  void RestartServer(GrpcServerOptions options);

  // Adds a model that is ready, on strings of its own.
  void AddModel(const std::string& name, std::int64_t version = 1);

  // Sends this with every call below from now on.
  void SendMetadata(std::multimap<std::string, std::string> metadata) {
    metadata_ = std::move(metadata);
  }

  // Calls and returns the answer; `status()` says how it ended.
  v1::EncodeResponse Encode(const std::string& request);
  v1::TokenizeResponse Tokenize(const std::string& request);
  v1::DetokenizeResponse Detokenize(const std::string& request);
  v1::ListModelsResponse ListModels(const std::string& request);
  v1::GetModelResponse GetModel(const std::string& request);

  // Sends bytes as they are to "/strata.v1.Service/Method", and fills in those
  // of the answer.
  grpc::Status CallRaw(const std::string& method, const std::string& bytes,
                       std::string* answer = nullptr);

  // nullopt: NOT_FOUND.
  std::optional<bool> IsServing(const std::string& service);

  // That the server answers a plain request, as it must after any other.
  void ExpectServes();

  // What the last call ended with.
  const grpc::Status& status() const { return status_; }

  FakeClock clock_;
  Metrics metrics_;
  AwaitingObserver observer_{metrics_};
  ModelRegistry registry_;
  std::shared_ptr<PuppetStrings> strings_ = std::make_shared<PuppetStrings>();
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<GrpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::HiddenStateService::Stub> hidden_states_;
  std::unique_ptr<v1::TokenizerService::Stub> tokenizer_;
  std::unique_ptr<v1::ModelService::Stub> models_;

 private:
  void AddMetadata(grpc::ClientContext& context) const;

  std::multimap<std::string, std::string> metadata_;
  void Start(const EngineOptions& engine, GrpcServerOptions options);

  grpc::Status status_;
};

// Expects an error by code, reason, field and a part of its text.
void ExpectError(const grpc::Status& status, grpc::StatusCode code,
                 const std::string& reason, const std::string& field,
                 const std::string& text);

}  // namespace strata

#endif  // STRATA_TESTS_SERVER_SERVER_FIXTURE_H_
