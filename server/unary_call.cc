// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/unary_call.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/observer.h"
#include "google/protobuf/message.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "server/log.h"
#include "server/message_bytes.h"
#include "server/status.h"

namespace strata {
namespace {

// The time left, on our clock: gRPC's deadline is on the wall clock, which may
// have been set since.
absl::Time DeadlineOn(const Clock& clock,
                      std::chrono::system_clock::time_point deadline) {
  if (deadline == std::chrono::system_clock::time_point::max()) {
    return absl::InfiniteFuture();
  }
  return clock.Now() +
         absl::FromChrono(deadline - std::chrono::system_clock::now());
}

}  // namespace

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
      deadline_(DeadlineOn(environment.clock, context->deadline())),
      request_bytes_(static_cast<std::int64_t>(request->Length())),
      reply_(reply) {
  // gRPC would hold the bytes until the call ends, beside the texts that were
  // parsed from them. The buffer is its own, not const, and not read again.
  request_.Swap(const_cast<grpc::ByteBuffer*>(request));
}

absl::Status UnaryCall::Parse(google::protobuf::Message& message) {
  const bool parsed = ParseMessage(request_, message);
  request_.Clear();
  if (parsed) return absl::OkStatus();
  return Error(
      Reason::kMalformedMessage,
      absl::StrCat("the request's ", request_bytes_, " bytes are not a valid ",
                   std::string(message.GetDescriptor()->full_name()),
                   "; a string that is not UTF-8 is the usual cause"));
}

void UnaryCall::Finish(absl::StatusOr<grpc::ByteBuffer> reply) {
  if (reply.ok()) {
    reply_->Swap(&*reply);
    ServerUnaryReactor::Finish(grpc::Status::OK);
    return;
  }
  const grpc::Status status = ToGrpcStatus(reply.status());
  if (status.error_code() == grpc::StatusCode::INTERNAL) {
    Log(Severity::kError, "call_failed", {{"message", status.error_message()}});
  }
  ServerUnaryReactor::Finish(status);
}

void UnaryCall::FinishWith(const google::protobuf::Message& reply) {
  Finish(SerializeMessage(reply));
}

void UnaryCall::Refuse(absl::string_view model, const absl::Status& status) {
  if (environment_.observer != nullptr) {
    environment_.observer->OnRequestDone(model, status, 0, {});
  }
  Finish(status);
}

}  // namespace strata
