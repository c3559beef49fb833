// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/tokenizer_service.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "core/engine/call.h"
#include "core/engine/engine.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/convert.h"
#include "server/unary_call.h"
#include "strata/v1/tokenizer_service.pb.h"

namespace strata {
namespace {

void Tokenize(Engine& engine, v1::TokenizeRequest message,
              std::shared_ptr<UnaryCall> call) {
  const std::string model = message.model();
  absl::StatusOr<TokenizeCall> tokenize = ToTokenizeCall(std::move(message));
  if (!tokenize.ok()) {
    call->Refuse(model, tokenize.status());
    return;
  }
  tokenize->client = call->caller()->identity;
  tokenize->deadline = call->deadline();
  tokenize->stop = call->stop_token();
  tokenize->request_bytes = call->request_bytes();
  engine.Tokenize(
      *std::move(tokenize),
      [call = std::move(call)](absl::StatusOr<TokenizeReply> reply) {
        if (reply.ok()) {
          call->Hold(std::move(reply->room));
          call->FinishWith(ToTokenizeResponse(*std::move(reply)));
        } else {
          call->Finish(reply.status());
        }
      });
}

void Detokenize(Engine& engine, v1::DetokenizeRequest message,
                std::shared_ptr<UnaryCall> call) {
  const std::string model = message.model();
  absl::StatusOr<DetokenizeCall> detokenize =
      ToDetokenizeCall(std::move(message));
  if (!detokenize.ok()) {
    call->Refuse(model, detokenize.status());
    return;
  }
  detokenize->client = call->caller()->identity;
  detokenize->deadline = call->deadline();
  detokenize->stop = call->stop_token();
  detokenize->request_bytes = call->request_bytes();
  engine.Detokenize(
      *std::move(detokenize),
      [call = std::move(call)](absl::StatusOr<DetokenizeReply> reply) {
        if (reply.ok()) {
          call->Hold(std::move(reply->room));
          call->FinishWith(ToDetokenizeResponse(*std::move(reply)));
        } else {
          call->Finish(reply.status());
        }
      });
}

}  // namespace

grpc::ServerUnaryReactor* TokenizerService::Tokenize(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  return AnswerUnary<v1::TokenizeRequest>(
      environment_, context, request, reply,
      [this](v1::TokenizeRequest message, std::shared_ptr<UnaryCall> call) {
        strata::Tokenize(engine_, std::move(message), std::move(call));
      });
}

grpc::ServerUnaryReactor* TokenizerService::Detokenize(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  return AnswerUnary<v1::DetokenizeRequest>(
      environment_, context, request, reply,
      [this](v1::DetokenizeRequest message, std::shared_ptr<UnaryCall> call) {
        strata::Detokenize(engine_, std::move(message), std::move(call));
      });
}

}  // namespace strata
