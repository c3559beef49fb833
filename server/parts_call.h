// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_PARTS_CALL_H_
#define STRATA_SERVER_PARTS_CALL_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/engine/call.h"
#include "core/engine/engine.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "server/answer_stream.h"
#include "server/call_environment.h"
#include "server/call_identity.h"
#include "server/caller.h"
#include "server/request_trace.h"
#include "server/status.h"
#include "server/stream_limits.h"

namespace strata {

// What the calls whose answers come in parts share; references outlive the
// server.
struct PartsEnvironment {
  Engine& engine;
  StreamLimits limits;
  CallEnvironment call;
};

// An AnswerStream with a reactor of gRPC's as its wire. Raw, as UnaryCall is.
template <typename Reactor>
class PartsCall : public Reactor, private AnswerStream::Wire {
 public:
  PartsCall(const PartsEnvironment& environment,
            grpc::CallbackServerContext& context,
            AnswerStream::Failures failures)
      : environment_(environment),
        context_(context),
        identity_(IdentifyCall(context.client_metadata())),
        deadline_(DeadlineOn(environment.call.clock, context.deadline())),
        stream_(std::make_shared<AnswerStream>(environment.limits, failures,
                                               static_cast<Wire&>(*this))) {}

  void OnWriteDone(bool ok) override { stream_->OnWriteDone(ok); }
  void OnCancel() override {
    CountCancelled(environment_.call);
    stream_->OnCancel();
  }
  void OnDone() override { self_.reset(); }

  // Keeps itself alive until gRPC is done with it, and whoever holds `self()`.
  void Keep(std::shared_ptr<PartsCall> self) { self_ = std::move(self); }

 protected:
  // Not after OnDone.
  std::shared_ptr<PartsCall> self() const { return self_; }
  const PartsEnvironment& environment() const { return environment_; }
  const std::shared_ptr<AnswerStream>& stream() const { return stream_; }

  // Who calls, as it is now: a stream may outlive a token.
  absl::StatusOr<Caller> Authenticate() const {
    return environment_.call.authenticator.Authenticate(context_);
  }

  // A request begins, of which logs and traces are told as one of this RPC.
  std::unique_ptr<RequestTrace> Trace(
      const google::protobuf::Descriptor& message, bool streamed) const {
    auto trace = std::make_unique<RequestTrace>(environment_.call, identity_);
    trace->SetMethod(message, streamed);
    return trace;
  }

  // Hands a request of `bytes` bytes for `model` to the engine, or answers it
  // where it is none. Its deadline is the stream's where that is nearer.
  void Encode(const Caller& caller, const std::string& model,
              absl::StatusOr<EncodeCall> encode, std::int64_t bytes,
              std::shared_ptr<AnswerStream::Request> request) {
    if (!encode.ok()) {
      Refuse(model, encode.status(), *request);
      return;
    }
    SetCaller(caller, *encode);
    encode->deadline = std::min(encode->deadline, deadline_);
    encode->stop = stream_->stop_token();
    encode->request_bytes = bytes;
    encode->sink = request;
    environment_.engine.Encode(*std::move(encode),
                               [request = std::move(request)](
                                   const absl::StatusOr<EncodeReply>& reply) {
                                 request->Finish(reply);
                               });
  }

  // Answers a request that the engine has not seen.
  void Refuse(const std::string& model, const absl::Status& status,
              AnswerStream::Request& request) {
    CountRefused(environment_.call, model, status);
    request.Finish(status);
  }

 private:
  void Read() override {}
  void Write(const grpc::ByteBuffer* message) override {
    Reactor::StartWrite(message);
  }
  void End(const absl::Status& status) override {
    AddTrailers(environment_.call, identity_.request_id, status, context_);
    Reactor::Finish(ToGrpcStatus(status));
  }

  const PartsEnvironment environment_;
  // Lives until OnDone.
  grpc::CallbackServerContext& context_;
  const CallIdentity identity_;
  const absl::Time deadline_;
  const std::shared_ptr<AnswerStream> stream_;
  // Until OnDone.
  std::shared_ptr<PartsCall> self_;
};

}  // namespace strata

#endif  // STRATA_SERVER_PARTS_CALL_H_
