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
#include "core/base/error.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/answer_stream.h"
#include "server/call_environment.h"
#include "server/caller.h"
#include "server/convert.h"
#include "server/parts_call.h"
#include "server/reply_parts.h"
#include "server/request_trace.h"
#include "server/stream_call.h"
#include "server/stream_limits.h"
#include "server/stream_set.h"
#include "strata/v1/hidden_state_service.pb.h"

namespace strata {
namespace {

// A stream of one request, read from the start.
class ChunksCall final
    : public PartsCall<grpc::ServerWriteReactor<grpc::ByteBuffer>> {
 public:
  ChunksCall(const PartsEnvironment& environment,
             grpc::CallbackServerContext& context)
      : PartsCall(environment, context, AnswerStream::Failures::kEndCall) {}

  void Start(grpc::ByteBuffer& bytes) {
    const auto size = static_cast<std::int64_t>(bytes.Length());
    const auto request = stream()->Begin(
        std::make_unique<PartsEvents>(
            ChunksFormat(environment().limits.part_bytes)),
        Trace(*v1::EncodeChunksRequest::descriptor(), /*streamed=*/false));
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
      const std::string model = message.request().model();
      Encode(caller, model, ToEncodeCall(std::move(*message.mutable_request())),
             size, request);
    } else {
      Refuse("", status, *request);
    }
  }
};

class EncodeStreamCall final : public StreamCall {
 public:
  EncodeStreamCall(const PartsEnvironment& environment,
                   grpc::CallbackServerContext& context, StreamSet& streams)
      : StreamCall(environment, context, streams,
                   *v1::EncodeStreamRequest::descriptor()) {}

 private:
  void TakeUp(const Caller& caller, grpc::ByteBuffer& bytes,
              std::unique_ptr<RequestTrace> trace) override {
    const auto size = static_cast<std::int64_t>(bytes.Length());
    v1::EncodeStreamRequest message;
    absl::Status status = TakeMessage(bytes, message);
    if (status.ok()) status = CheckLength(message.request_id());
    if (!status.ok()) {
      Stop(message.request().model(), status, *trace);
      return;
    }
    const std::string id = message.request_id();
    const std::string model = message.request().model();
    status = CheckId(id);
    const auto request =
        stream()->Begin(std::make_unique<PartsEvents>(
                            StreamFormat(id, environment().limits.part_bytes)),
                        std::move(trace), id);
    if (request == nullptr) return;  // The server is stopping.
    if (status.ok()) {
      Encode(caller, model, ToEncodeCall(std::move(*message.mutable_request())),
             size, request);
    } else {
      Refuse(model, status, *request);
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
  return StartStream<EncodeStreamCall>(environment, *context, streams);
}

}  // namespace strata
