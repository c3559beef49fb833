// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "strata/client.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "strata/calls.h"
#include "strata/reassembly.h"
#include "strata/retry.h"
#include "strata/status.h"
#include "strata/stream.h"
#include "strata/stream_call.h"
#include "strata/v1/hidden_state_service.grpc.pb.h"
#include "strata/v1/model_service.grpc.pb.h"
#include "strata/v1/tokenizer_service.grpc.pb.h"

namespace strata {
namespace {

double Jitter() {
  thread_local std::minstd_rand engine(std::random_device{}());
  return std::uniform_real_distribution<double>(0.0, 1.0)(engine);
}

bool IsLoopback(absl::string_view target) {
  return absl::StartsWith(target, "127.") ||
         absl::StartsWith(target, "localhost:") ||
         absl::StartsWith(target, "[::1]:");
}

absl::Status ValidateSecurity(const ClientOptions& options) {
  if (options.tls.has_value() &&
      options.tls->certificate.empty() != options.tls->key.empty()) {
    return absl::InvalidArgumentError(
        "one of the client's certificate and its key is given without the "
        "other");
  }
  if (!std::ranges::all_of(options.token, absl::ascii_isgraph)) {
    // gRPC would abort the process. The text stays out of the message.
    return absl::InvalidArgumentError(
        "the token holds a space, a line's end or another character that no "
        "token has");
  }
  if (!options.token.empty() && !options.tls.has_value() &&
      !options.token_on_plaintext && !IsLoopback(options.target)) {
    return absl::InvalidArgumentError(
        "the token could be read on the way to another machine: use TLS, or "
        "say that it may travel unencrypted");
  }
  return absl::OkStatus();
}

absl::Status Validate(const ClientOptions& options) {
  if (options.target.empty()) {
    return absl::InvalidArgumentError(
        "target is empty; expected HOST:PORT, as 127.0.0.1:50051");
  }
  if (options.deadline <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(
        absl::StrCat("deadline is ", absl::FormatDuration(options.deadline),
                     "; expected more than zero"));
  }
  if (options.retry.max_attempts < 1) {
    return absl::InvalidArgumentError(absl::StrCat("retry.max_attempts is ",
                                                   options.retry.max_attempts,
                                                   "; expected at least 1"));
  }
  return ValidateSecurity(options);
}

std::shared_ptr<grpc::ChannelCredentials> CredentialsFor(
    const ClientOptions& options) {
  if (!options.tls.has_value()) return grpc::InsecureChannelCredentials();
  return grpc::SslCredentials({.pem_root_certs = options.tls->root_certificates,
                               .pem_private_key = options.tls->key,
                               .pem_cert_chain = options.tls->certificate});
}

std::shared_ptr<grpc::Channel> Connect(const ClientOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(options.max_receive_bytes);
  arguments.SetMaxSendMessageSize(-1);
  arguments.SetUserAgentPrefix("strata-cpp");
  // No proxy can reach this machine's own loopback, whatever http_proxy says.
  if (IsLoopback(options.target)) {
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  }
  return grpc::CreateCustomChannel(options.target, CredentialsFor(options),
                                   arguments);
}

void Prepare(grpc::ClientContext& context, const ClientOptions& options,
             absl::Time deadline) {
  context.set_deadline(absl::ToChronoTime(deadline));
  if (!options.token.empty()) {
    context.AddMetadata("authorization",
                        absl::StrCat("Bearer ", options.token));
  }
}

// A unary method of a generated stub.
template <typename Stub, typename Request, typename Response>
using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const Request&,
                                      Response*);

// Calls `attempt`(context), which returns an absl::StatusOr, again where the
// policy says so, within one deadline.
template <typename Attempt>
auto CallWithRetries(const ClientOptions& options, Calls& calls,
                     const Attempt& attempt) {
  const absl::Time deadline = absl::Now() + options.deadline;
  for (int attempts = 1;; ++attempts) {
    grpc::ClientContext context;
    Prepare(context, options, deadline);
    const Calls::Scope scope(calls, context);
    auto response = attempt(context);
    if (response.ok()) return response;
    const auto delay = NextRetry(options.retry, response.status(), attempts,
                                 deadline - absl::Now(), Jitter());
    if (!delay.has_value()) return response;
    if (options.sleep) {
      options.sleep(*delay);
    } else {
      calls.Wait(*delay);
    }
  }
}

template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> Call(const ClientOptions& options, Calls& calls,
                              Stub& stub,
                              Method<Stub, Request, Response> method,
                              const Request& request) {
  return CallWithRetries(
      options, calls,
      [&](grpc::ClientContext& context) -> absl::StatusOr<Response> {
        Response response;
        absl::Status status =
            StatusFromGrpc((stub.*method)(&context, request, &response));
        if (!status.ok()) return status;
        return response;
      });
}

// One call of EncodeChunks.
absl::StatusOr<v1::EncodeResponse> ReadChunks(
    v1::HiddenStateService::Stub& stub, grpc::ClientContext& context,
    const v1::EncodeChunksRequest& request) {
  const auto reader = stub.EncodeChunks(&context, request);
  Reassembly answer(request.request().inputs_size());
  v1::EncodeChunksResponse event;
  while (reader->Read(&event)) {
    if (absl::Status status = answer.Add(event); !status.ok()) {
      context.TryCancel();
      reader->Finish();
      return status;
    }
  }
  absl::Status status = StatusFromGrpc(reader->Finish());
  if (!status.ok()) return status;
  return answer.Take();
}

}  // namespace

struct Client::Stubs {
  explicit Stubs(const std::shared_ptr<grpc::Channel>& channel)
      : hidden_states(channel),
        tokenizer(channel),
        models(channel),
        health(channel) {}

  v1::HiddenStateService::Stub hidden_states;
  v1::TokenizerService::Stub tokenizer;
  v1::ModelService::Stub models;
  grpc::health::v1::Health::Stub health;
  Calls calls;
};

absl::StatusOr<std::unique_ptr<Client>> Client::Create(ClientOptions options) {
  if (absl::Status status = Validate(options); !status.ok()) return status;
  auto stubs = std::make_unique<Stubs>(Connect(options));
  // Not make_unique: the constructor is private.
  return std::unique_ptr<Client>(
      new Client(std::move(options), std::move(stubs)));
}

Client::Client(ClientOptions options, std::unique_ptr<Stubs> stubs)
    : options_(std::move(options)), stubs_(std::move(stubs)) {}

Client::~Client() = default;

void Client::Cancel() { stubs_->calls.Cancel(); }

absl::StatusOr<v1::EncodeResponse> Client::Encode(
    const v1::EncodeRequest& request) {
  return Call(options_, stubs_->calls, stubs_->hidden_states,
              &v1::HiddenStateService::Stub::Encode, request);
}

absl::StatusOr<v1::EncodeResponse> Client::EncodeChunks(
    const v1::EncodeRequest& request) {
  v1::EncodeChunksRequest message;
  *message.mutable_request() = request;
  return CallWithRetries(
      options_, stubs_->calls, [&](grpc::ClientContext& context) {
        return ReadChunks(stubs_->hidden_states, context, message);
      });
}

absl::StatusOr<v1::EncodeToFileResponse> Client::EncodeToFile(
    const v1::EncodeToFileRequest& request) {
  return Call(options_, stubs_->calls, stubs_->hidden_states,
              &v1::HiddenStateService::Stub::EncodeToFile, request);
}

absl::Status Client::EncodeStream(const RequestSource& next,
                                  const AnswerSink& on_answer,
                                  absl::Duration deadline) {
  grpc::ClientContext context;
  Prepare(context, options_, absl::Now() + deadline);
  const Calls::Scope scope(stubs_->calls, context);
  return CallEncodeStream(stubs_->hidden_states, context, next, on_answer);
}

absl::StatusOr<v1::TokenizeResponse> Client::Tokenize(
    const v1::TokenizeRequest& request) {
  return Call(options_, stubs_->calls, stubs_->tokenizer,
              &v1::TokenizerService::Stub::Tokenize, request);
}

absl::StatusOr<v1::DetokenizeResponse> Client::Detokenize(
    const v1::DetokenizeRequest& request) {
  return Call(options_, stubs_->calls, stubs_->tokenizer,
              &v1::TokenizerService::Stub::Detokenize, request);
}

absl::StatusOr<std::vector<v1::ModelSummary>> Client::ListModels() {
  std::vector<v1::ModelSummary> models;
  v1::ListModelsRequest request;
  while (true) {
    auto page = Call(options_, stubs_->calls, stubs_->models,
                     &v1::ModelService::Stub::ListModels, request);
    if (!page.ok()) return page.status();
    for (auto& model : *page->mutable_models()) {
      models.push_back(std::move(model));
    }
    if (page->next_page_token().empty()) return models;
    if (page->next_page_token() == request.page_token()) {
      return absl::InternalError(
          "the server answered a page of models with that page's own token "
          "as the next one; the list has no end");
    }
    request.set_page_token(page->next_page_token());
  }
}

absl::StatusOr<v1::GetModelResponse> Client::GetModel(
    const v1::GetModelRequest& request) {
  return Call(options_, stubs_->calls, stubs_->models,
              &v1::ModelService::Stub::GetModel, request);
}

absl::StatusOr<grpc::health::v1::HealthCheckResponse> Client::Health(
    absl::string_view service) {
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(std::string(service));
  return Call(options_, stubs_->calls, stubs_->health,
              &grpc::health::v1::Health::Stub::Check, request);
}

}  // namespace strata
