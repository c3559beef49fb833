// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/parts_calls.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/engine/call.h"
#include "core/engine/engine.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/answer_stream.h"
#include "server/call_environment.h"
#include "server/call_identity.h"
#include "server/caller.h"
#include "server/convert.h"
#include "server/memory_guard.h"
#include "server/reply_parts.h"
#include "server/request_trace.h"
#include "server/status.h"
#include "server/stream_set.h"
#include "strata/v1/hidden_state_service.pb.h"

namespace strata {
namespace {

// Every event repeats it.
constexpr std::size_t kLongestRequestId = 256;

// An AnswerStream with a reactor of gRPC's as its wire.
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
      const google::protobuf::Descriptor& message) const {
    auto trace = std::make_unique<RequestTrace>(environment_.call, identity_);
    trace->SetMethod(message);
    return trace;
  }

  // Hands a request of `bytes` bytes to the engine.
  void Encode(const Caller& caller, v1::EncodeRequest message,
              std::int64_t bytes,
              std::shared_ptr<AnswerStream::Request> request) {
    const std::string model = message.model();
    absl::StatusOr<EncodeCall> encode =
        GuardMemory([&] { return ToEncodeCall(std::move(message)); });
    if (!encode.ok()) {
      Refuse(model, encode.status(), *request);
      return;
    }
    SetCaller(caller, *encode);
    encode->deadline = deadline_;
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
    AddTrailers(environment_.call, identity_.request_id, context_);
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

// A stream of one request, read from the start.
class ChunksCall final
    : public PartsCall<grpc::ServerWriteReactor<grpc::ByteBuffer>> {
 public:
  ChunksCall(const PartsEnvironment& environment,
             grpc::CallbackServerContext& context)
      : PartsCall(environment, context, AnswerStream::Failures::kEndCall) {}

  void Start(grpc::ByteBuffer& bytes) {
    const auto size = static_cast<std::int64_t>(bytes.Length());
    const auto request =
        stream()->Begin(ChunksFormat(environment().limits.part_bytes),
                        Trace(*v1::EncodeChunksRequest::descriptor()));
    stream()->OnHalfClose();
    if (request == nullptr) return;  // Its caller has gone.
    const absl::StatusOr<Caller> caller = Authenticate();
    if (!caller.ok()) {
      Refuse("", caller.status(), *request);
      return;
    }
    ReadOn(environment().call, size,
           [this, self = self(), caller = *caller, bytes, request]() mutable {
             if (stream()->stop_token().stop_requested()) return;
             TakeUp(caller, bytes, request);
           });
  }

 private:
  void TakeUp(const Caller& caller, grpc::ByteBuffer& bytes,
              const std::shared_ptr<AnswerStream::Request>& request) {
    const auto size = static_cast<std::int64_t>(bytes.Length());
    v1::EncodeChunksRequest message;
    const absl::Status status = TakeMessage(bytes, message);
    if (status.ok()) {
      Encode(caller, std::move(*message.mutable_request()), size, request);
    } else {
      Refuse("", status, *request);
    }
  }
};

class StreamCall final
    : public PartsCall<
          grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>> {
 public:
  StreamCall(const PartsEnvironment& environment,
             grpc::CallbackServerContext& context, StreamSet& streams)
      : PartsCall(environment, context, AnswerStream::Failures::kInDone),
        streams_(streams) {}

  void Start() {
    streams_.Add(stream(), environment().call.clock.Now());
    if (const absl::Status status = Authenticate().status(); !status.ok()) {
      Stop("", status);
      return;
    }
    stream()->ReadNext();
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      stream()->OnHalfClose();
      return;
    }
    const auto size = static_cast<std::int64_t>(read_.Length());
    auto trace = Trace(*v1::EncodeStreamRequest::descriptor());
    absl::StatusOr<Caller> caller = Authenticate();
    // Nothing is read before ReadNext.
    ReadOn(environment().call, size,
           [this, self = self(), trace = std::move(trace),
            caller = std::move(caller)]() mutable {
             if (stream()->stop_token().stop_requested()) return;
             TakeUp(std::move(trace), caller);
             stream()->ReadNext();
           });
  }

  void OnDone() override {
    streams_.Remove(stream());
    PartsCall::OnDone();
  }

 private:
  void Read() override { StartRead(&read_); }

  // Ends the stream, after the requests under way, for what is wrong with more
  // than one request.
  void Stop(const std::string& model, const absl::Status& status) {
    CountRefused(environment().call, model, status);
    stream()->StopReading(status);
  }

  // Takes up the message that was read, from `caller`.
  void TakeUp(std::unique_ptr<RequestTrace> trace,
              const absl::StatusOr<Caller>& caller) {
    const auto size = static_cast<std::int64_t>(read_.Length());
    absl::Status status = caller.status();
    v1::EncodeStreamRequest message;
    if (status.ok()) status = TakeMessage(read_, message);
    if (status.ok()) status = CheckLength(message.request_id());
    if (!status.ok()) {
      trace->Answered(status);
      Stop(message.request().model(), status);
      return;
    }
    status = CheckId(message.request_id());
    const auto request =
        stream()->Begin(StreamFormat(std::move(*message.mutable_request_id()),
                                     environment().limits.part_bytes),
                        std::move(trace));
    if (request == nullptr) return;  // The server is stopping.
    if (status.ok()) {
      Encode(*caller, std::move(*message.mutable_request()), size, request);
    } else {
      Refuse(message.request().model(), status, *request);
    }
  }

  static absl::Status CheckLength(const std::string& request_id) {
    if (request_id.size() <= kLongestRequestId) return absl::OkStatus();
    return FieldError(
        "request_id",
        absl::StrCat("got ", request_id.size(), " bytes, at most ",
                     kLongestRequestId, " are allowed; the stream ends"));
  }

  absl::Status CheckId(const std::string& request_id) const {
    if (request_id.empty()) {
      return FieldError("request_id",
                        "empty; each request of a stream needs one");
    }
    if (stream()->InUse(request_id)) {
      return FieldError("request_id",
                        "in use by a request of this stream that is not done; "
                        "choose another, or wait for its 'done'");
    }
    return absl::OkStatus();
  }

  StreamSet& streams_;
  grpc::ByteBuffer read_;
};

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* StartEncodeChunks(
    const PartsEnvironment& environment, grpc::CallbackServerContext* context,
    const grpc::ByteBuffer* request) {
  const auto call = std::make_shared<ChunksCall>(environment, *context);
  call->Keep(call);
  grpc::ByteBuffer bytes;
  // gRPC would hold the bytes until the call ends. The buffer is its own, not
  // const, and not read again.
  bytes.Swap(const_cast<grpc::ByteBuffer*>(request));
  call->Start(bytes);
  return call.get();
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* StartEncodeStream(
    const PartsEnvironment& environment, grpc::CallbackServerContext* context,
    StreamSet& streams) {
  const auto call =
      std::make_shared<StreamCall>(environment, *context, streams);
  call->Keep(call);
  call->Start();
  return call.get();
}

}  // namespace strata
