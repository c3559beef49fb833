// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/grpc_server.h"

#include <chrono>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/base/observer.h"
#include "core/engine/engine.h"
#include "core/model/registry.h"
#include "grpc/impl/codegen/grpc_types.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "server/address.h"
#include "server/health.h"
#include "server/model_manager.h"

namespace strata {
namespace {

// gRPC keeps it for the whole process, once and for all.
void EnableReflection() {
  [[maybe_unused]] static const bool enabled = [] {
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    return true;
  }();
}

void SetArguments(const GrpcServerOptions& options,
                  grpc::ServerBuilder& builder) {
  // Else a second process would silently share the port.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // Proxies ping idle connections; by default that brings them a GOAWAY.
  builder.AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  if (options.max_connection_age > absl::ZeroDuration()) {
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS,
                               static_cast<int>(absl::ToInt64Milliseconds(
                                   options.max_connection_age)));
  }
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.max_message_bytes));
  // Answers are bounded before compute, by max_reply_bytes, or cut into parts.
  builder.SetMaxSendMessageSize(-1);
}

}  // namespace

GrpcServer::GrpcServer(const GrpcServerOptions& options, Engine& engine,
                       const ModelRegistry& registry, ModelManager* manager,
                       const Clock& clock, Observer& observer)
    : registry_(registry),
      hidden_states_(engine, options.stream,
                     {.clock = clock, .observer = &observer}),
      tokenizer_(engine, {.clock = clock}),
      models_(registry, manager, engine.options(), {.clock = clock}) {}

GrpcServer::~GrpcServer() {
  if (server_ != nullptr) Shutdown(absl::ZeroDuration());
}

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(
    const GrpcServerOptions& options, Engine& engine,
    const ModelRegistry& registry, ModelManager* manager, const Clock& clock,
    Observer& observer) {
  EnableReflection();
  // Not make_unique: the constructor is private.
  std::unique_ptr<GrpcServer> server(
      new GrpcServer(options, engine, registry, manager, clock, observer));
  int port = 0;
  grpc::ServerBuilder builder;
  SetArguments(options, builder);
  builder.AddListeningPort(options.listen.ToString(),
                           grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&server->hidden_states_);
  builder.RegisterService(&server->tokenizer_);
  builder.RegisterService(&server->models_);
  builder.RegisterService(&server->health_);
  server->server_ = builder.BuildAndStart();
  if (server->server_ == nullptr) {
    return absl::UnavailableError(absl::StrCat(
        "cannot listen on ", options.listen.ToString(),
        ": the port is taken, or the host is not one of this machine; choose "
        "another with --listen (port 0 picks a free one)"));
  }
  server->address_ = {.host = options.listen.host, .port = port};
  server->PublishHealth();
  return server;
}

void GrpcServer::PublishHealth() {
  const MutexLock lock(health_mutex_);
  strata::PublishHealth(registry_.List(), health_names_, health_);
}

void GrpcServer::StopHealth() { health_.Shutdown(); }

void GrpcServer::Shutdown(absl::Duration timeout) {
  health_.EndWatches();
  hidden_states_.EndStreams();
  server_->Shutdown(std::chrono::system_clock::now() +
                    absl::ToChronoMicroseconds(timeout));
}

}  // namespace strata
