// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_UNARY_CALL_H_
#define STRATA_SERVER_UNARY_CALL_H_

#include <cstdint>
#include <memory>
#include <stop_token>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "google/protobuf/message.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/call_environment.h"
#include "server/call_identity.h"
#include "server/caller.h"
#include "server/request_trace.h"

namespace strata {

// One raw unary call from its first byte to its last: the steps that all RPCs
// share. Raw, because gRPC's own parsing answers UNIMPLEMENTED where a message
// is malformed, and because an answer may be slices of tensors.
//
// Keeps itself alive until gRPC is done with it; who still has to answer holds
// it too. Exactly one of Finish and Refuse is called, once, from any thread.
class UnaryCall final : public grpc::ServerUnaryReactor {
 public:
  static std::shared_ptr<UnaryCall> Start(const CallEnvironment& environment,
                                          grpc::CallbackServerContext* context,
                                          const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* reply);

  // Who calls. Error: NOT_AUTHENTICATED; the request is not looked at then.
  [[nodiscard]] const absl::StatusOr<Caller>& caller() const { return caller_; }

  // Reads the request into `message` and lets its bytes go. Error:
  // MALFORMED_MESSAGE. Called once.
  absl::Status Parse(google::protobuf::Message& message);

  // The environment's clock, on which the deadline is.
  [[nodiscard]] absl::Time now() const { return environment_.clock.Now(); }
  // When the caller gives up, on that clock.
  [[nodiscard]] absl::Time deadline() const { return deadline_; }
  // Requested when the caller goes away.
  [[nodiscard]] std::stop_token stop_token() const { return stop_.get_token(); }
  // Bytes of the request.
  [[nodiscard]] std::int64_t request_bytes() const { return request_bytes_; }

  // Keeps what the answer takes room in until it has been sent. Before Finish.
  void Hold(std::shared_ptr<const void> room) { room_ = std::move(room); }

  // What is told of it to logs and traces.
  [[nodiscard]] RequestTrace& trace() { return trace_; }

  // Answers with serialized bytes, a message, or an error.
  void Finish(absl::StatusOr<grpc::ByteBuffer> reply);
  void FinishWith(const google::protobuf::Message& reply);

  // Answers with an error that the engine has not seen. `model` as the request
  // names it.
  void Refuse(absl::string_view model, const absl::Status& status);

 private:
  UnaryCall(const CallEnvironment& environment,
            grpc::CallbackServerContext* context,
            const grpc::ByteBuffer* request, grpc::ByteBuffer* reply);

  void OnCancel() override {
    CountCancelled(environment_);
    stop_.request_stop();
  }
  void OnDone() override { self_.reset(); }

  const CallEnvironment environment_;
  const absl::StatusOr<Caller> caller_;
  grpc::CallbackServerContext& context_;
  const CallIdentity identity_;
  RequestTrace trace_;
  const absl::Time deadline_;
  grpc::ByteBuffer request_;
  const std::int64_t request_bytes_;
  grpc::ByteBuffer* const reply_;
  std::stop_source stop_;
  std::shared_ptr<const void> room_;
  // Until OnDone.
  std::shared_ptr<UnaryCall> self_;
};

// The body of an RPC: parses the Request of a caller who is known and hands it
// to `handle` with the call.
//
//   return AnswerUnary<v1::GetModelRequest>(
//       environment_, context, request, reply,
//       [this](v1::GetModelRequest message, std::shared_ptr<UnaryCall> call) {
//         call->FinishWith(...);
//       });
template <typename Request, typename Handle>
grpc::ServerUnaryReactor* AnswerUnary(const CallEnvironment& environment,
                                      grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* reply,
                                      const Handle& handle) {
  auto call = UnaryCall::Start(environment, context, request, reply);
  UnaryCall* const reactor = call.get();
  if (!call->caller().ok()) {
    call->Refuse("", call->caller().status());
    return reactor;
  }
  const std::int64_t bytes = call->request_bytes();
  ReadOn(environment, bytes, [call = std::move(call), handle]() mutable {
    Request message;
    if (call->stop_token().stop_requested()) {
      // It waited to be read for too long.
      call->Refuse("", Error(Reason::kCallerCancelled, "the caller cancelled"));
    } else if (const absl::Status status = call->Parse(message); status.ok()) {
      handle(std::move(message), std::move(call));
    } else {
      call->Refuse("", status);
    }
  });
  return reactor;
}

}  // namespace strata

#endif  // STRATA_SERVER_UNARY_CALL_H_
