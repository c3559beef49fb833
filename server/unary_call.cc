// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/unary_call.h"

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "server/call_environment.h"
#include "server/call_identity.h"
#include "server/message_bytes.h"
#include "server/status.h"

namespace strata {

std::shared_ptr<UnaryCall> UnaryCall::Start(
    const CallEnvironment& environment, grpc::CallbackServerContext* context,
    const grpc::ByteBuffer* request, grpc::ByteBuffer* reply) {
  // Not make_shared: the constructor is private.
  std::shared_ptr<UnaryCall> call(
      new UnaryCall(environment, context, request, reply));
  call->self_ = call;
  return call;
}

UnaryCall::UnaryCall(const CallEnvironment& environment,
                     grpc::CallbackServerContext* context,
                     const grpc::ByteBuffer* request, grpc::ByteBuffer* reply)
    : environment_(environment),
      caller_(environment.authenticator.Authenticate(*context)),
      context_(*context),
      identity_(IdentifyCall(context->client_metadata())),
      trace_(environment, identity_),
      deadline_(DeadlineOn(environment.clock, context->deadline())),
      request_bytes_(static_cast<std::int64_t>(request->Length())),
      reply_(reply) {
  // gRPC would hold the bytes until the call ends, beside the texts that were
  // parsed from them. The buffer is its own, not const, and not read again.
  request_.Swap(const_cast<grpc::ByteBuffer*>(request));
}

absl::Status UnaryCall::Parse(google::protobuf::Message& message) {
  trace_.SetMethod(*message.GetDescriptor(), /*streamed=*/false);
  return TakeMessage(request_, message);
}

void UnaryCall::Finish(absl::StatusOr<grpc::ByteBuffer> reply) {
  trace_.Answered(reply.status());
  AddTrailers(environment_, identity_.request_id, reply.status(), context_);
  if (reply.ok()) {
    reply_->Swap(&*reply);
    ServerUnaryReactor::Finish(grpc::Status::OK);
    return;
  }
  ServerUnaryReactor::Finish(ToGrpcStatus(reply.status()));
}

void UnaryCall::FinishWith(const google::protobuf::Message& reply) {
  Finish(SerializeMessage(reply));
}

void UnaryCall::Refuse(absl::string_view model, const absl::Status& status) {
  CountRefused(environment_, model, status);
  Finish(status);
}

}  // namespace strata
