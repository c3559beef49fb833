// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/grpc_server.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/base/observer.h"
#include "core/base/status_macros.h"
#include "core/engine/engine.h"
#include "core/model/registry.h"
#include "grpc/impl/codegen/grpc_types.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "server/address.h"
#include "server/authenticator.h"
#include "server/health.h"
#include "server/model_manager.h"
#include "server/security_options.h"
#include "server/stream_set.h"
#include "server/tls_certificates.h"

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
  // Proxies ping idle connections; by default that brings them a GOAWAY. The
  // second lets this server ask connections without calls, too.
  builder.AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                             options.security.max_streams);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE,
                             options.security.max_header_bytes);
  const auto set = [&builder](const char* name, absl::Duration duration) {
    if (duration == absl::ZeroDuration()) return;
    constexpr std::int64_t kLongest = std::numeric_limits<int>::max();
    builder.AddChannelArgument(
        name, static_cast<int>(
                  std::min(absl::ToInt64Milliseconds(duration), kLongest)));
  };
  set(GRPC_ARG_MAX_CONNECTION_AGE_MS, options.max_connection_age);
  set(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, options.max_connection_age_grace);
  if (options.keepalive_time > absl::ZeroDuration()) {
    set(GRPC_ARG_KEEPALIVE_TIME_MS, options.keepalive_time);
    set(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, options.keepalive_timeout);
    // Else the third ping of a connection without calls is never sent.
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  } else {
    // Unset, gRPC pings every two hours.
    set(GRPC_ARG_KEEPALIVE_TIME_MS, absl::InfiniteDuration());
  }
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.max_message_bytes));
  // Answers are bounded before compute, by max_reply_bytes, or cut into parts.
  builder.SetMaxSendMessageSize(-1);
}

}  // namespace

GrpcServer::GrpcServer(const GrpcServerOptions& options,
                       std::unique_ptr<Authenticator> authenticator,
                       Engine& engine, const ModelRegistry& registry,
                       ModelManager* manager, const Clock& clock,
                       Observer& observer)
    : options_(options),
      clock_(clock),
      quota_("strata-server"),
      authenticator_(std::move(authenticator)),
      registry_(registry),
      engine_(engine),
      readers_(engine.options().tokenizer_threads,
               engine.options().max_request_bytes),
      shared_memory_(options.shared_memory ? std::make_unique<SharedMemory>(
                                                 options.max_message_bytes)
                                           : nullptr),
      hidden_states_(engine, options.stream, options.output_directory,
                     Environment(&observer)),
      tokenizer_(engine, Environment(nullptr)),
      models_(registry, manager, engine.options(),
              Environment(nullptr, /*on_data_port=*/true)),
      admin_models_(registry, manager, engine.options(), Environment(nullptr)),
      inference_({.engine = engine,
                  .limits = options.stream,
                  .registry = registry,
                  .health = health_,
                  .manager = manager,
                  .shared_memory = shared_memory_.get()},
                 Environment(&observer, /*on_data_port=*/true)),
      admin_inference_(inference_.parts(), Environment(&observer)) {
  quota_.Resize(static_cast<std::size_t>(options.max_unread_bytes));
}

CallEnvironment GrpcServer::Environment(Observer* observer, bool on_data_port) {
  return {.clock = clock_,
          .authenticator = *authenticator_,
          .observer = observer,
          .readers = &readers_,
          .telemetry = options_.telemetry,
          .admin_calls =
              !on_data_port || !options_.security.admin_listen.has_value()};
}

GrpcServer::~GrpcServer() { Shutdown(absl::ZeroDuration()); }

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(
    const GrpcServerOptions& options, Engine& engine,
    const ModelRegistry& registry, ModelManager* manager, const Clock& clock,
    Observer& observer) {
  EnableReflection();
  STRATA_ASSIGN_OR_RETURN(auto authenticator,
                          Authenticator::Create(options.security, clock));
  // Not make_unique: the constructor is private.
  std::unique_ptr<GrpcServer> server(
      new GrpcServer(options, std::move(authenticator), engine, registry,
                     manager, clock, observer));
  STRATA_RETURN_IF_ERROR(
      server->Listen(options.listen, "--listen",
                     {&server->hidden_states_, &server->tokenizer_,
                      &server->models_, &server->health_, &server->inference_},
                     server->data_));
  if (options.security.admin_listen.has_value()) {
    STRATA_RETURN_IF_ERROR(server->Listen(
        *options.security.admin_listen, "--admin-listen",
        {&server->admin_models_, &server->health_, &server->admin_inference_},
        server->admin_));
  }
  server->health_.SetServingStatus(std::string(kStarted), false);
  server->PublishHealth();
  return server;
}

absl::Status GrpcServer::Listen(const Address& listen, absl::string_view flag,
                                const std::vector<grpc::Service*>& services,
                                Port& port) {
  const SecurityOptions& security = options_.security;
  auto credentials = grpc::InsecureServerCredentials();
  if (!security.tls.certificate.empty()) {
    STRATA_ASSIGN_OR_RETURN(
        port.certificates,
        TlsCertificates::Load(security.tls, security.credentials_reload,
                              clock_));
    credentials = port.certificates->MakeCredentials();
  }
  int number = 0;
  grpc::ServerBuilder builder;
  SetArguments(options_, builder);
  // One for both ports: the memory is the process's.
  builder.SetResourceQuota(quota_);
  builder.AddListeningPort(listen.ToString(), credentials, &number);
  for (grpc::Service* const service : services) {
    builder.RegisterService(service);
  }
  port.server = builder.BuildAndStart();
  if (port.server == nullptr) {
    return absl::UnavailableError(absl::StrCat(
        "cannot listen on ", listen.ToString(),
        ": the port is taken, or the host is not one of this machine; choose "
        "another with ",
        flag, " (port 0 picks a free one)"));
  }
  port.address = {.host = listen.host, .port = number};
  return absl::OkStatus();
}

std::optional<Address> GrpcServer::admin_address() const {
  if (admin_.server == nullptr) return std::nullopt;
  return admin_.address;
}

void GrpcServer::PublishHealth() {
  const MutexLock lock(health_mutex_);
  strata::PublishHealth(registry_.List(), engine_.fitness(), health_names_,
                        health_);
}

void GrpcServer::SayStarted() {
  health_.SetServingStatus(std::string(kStarted), true);
}

void GrpcServer::StopHealth() { health_.Shutdown(); }

void GrpcServer::EndOldStreams() {
  const absl::Duration age = options_.max_connection_age;
  if (age == absl::ZeroDuration()) return;
  for (StreamSet* const streams : Streams()) {
    streams->EndOld(clock_.Now() - age);
  }
}

void GrpcServer::QuietStreams() {
  for (StreamSet* const streams : Streams()) streams->QuietAll();
}

std::array<StreamSet*, 3> GrpcServer::Streams() {
  return {&hidden_states_.streams(), &inference_.streams(),
          &admin_inference_.streams()};
}

void GrpcServer::Shutdown(absl::Duration timeout) {
  const auto end =
      std::chrono::system_clock::now() + absl::ToChronoMicroseconds(timeout);
  health_.EndWatches();
  for (StreamSet* const streams : Streams()) streams->EndAll();
  for (const Port* port : {&admin_, &data_}) {
    if (port->server != nullptr) port->server->Shutdown(end);
  }
}

}  // namespace strata
