// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/hidden_state_service.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "core/engine/call.h"
#include "core/engine/engine.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/caller.h"
#include "server/convert.h"
#include "server/file_call.h"
#include "server/parts_calls.h"
#include "server/reply_slices.h"
#include "server/unary_call.h"
#include "strata/v1/hidden_state_service.pb.h"

namespace strata {
namespace {

void Encode(Engine& engine, v1::EncodeRequest message,
            std::shared_ptr<UnaryCall> call) {
  const std::string model = message.model();
  absl::StatusOr<EncodeCall> encode = ToEncodeCall(std::move(message));
  if (!encode.ok()) {
    call->Refuse(model, encode.status());
    return;
  }
  SetCaller(*call->caller(), *encode);
  encode->deadline = call->deadline();
  encode->stop = call->stop_token();
  encode->request_bytes = call->request_bytes();
  engine.Encode(*std::move(encode),
                [call = std::move(call)](absl::StatusOr<EncodeReply> reply) {
                  if (reply.ok()) {
                    call->trace().Computed(*reply);
                    call->Finish(ToEncodeResponse(*std::move(reply)));
                  } else {
                    call->Finish(reply.status());
                  }
                });
}

}  // namespace

grpc::ServerUnaryReactor* HiddenStateService::Encode(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  return AnswerUnary<v1::EncodeRequest>(
      environment_, context, request, reply,
      [this](v1::EncodeRequest message, std::shared_ptr<UnaryCall> call) {
        strata::Encode(engine_, std::move(message), std::move(call));
      });
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* HiddenStateService::EncodeChunks(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) {
  return StartEncodeChunks(
      {.engine = engine_, .limits = limits_, .call = environment_}, context,
      request);
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>*
HiddenStateService::EncodeStream(grpc::CallbackServerContext* context) {
  return StartEncodeStream(
      {.engine = engine_, .limits = limits_, .call = environment_}, context,
      streams_);
}

grpc::ServerUnaryReactor* HiddenStateService::EncodeToFile(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  return AnswerUnary<v1::EncodeToFileRequest>(
      environment_, context, request, reply,
      [this](v1::EncodeToFileRequest message, std::shared_ptr<UnaryCall> call) {
        RunEncodeToFile(engine_, directory_, std::move(message),
                        std::move(call));
      });
}

}  // namespace strata
