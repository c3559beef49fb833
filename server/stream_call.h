// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_STREAM_CALL_H_
#define STRATA_SERVER_STREAM_CALL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/answer_stream.h"
#include "server/call_environment.h"
#include "server/caller.h"
#include "server/parts_call.h"
#include "server/request_trace.h"
#include "server/stream_set.h"

namespace strata {

// A call of many requests, which are read one after the other. What a request
// is, and how it is taken up, the protocols' own classes say.
class StreamCall
    : public PartsCall<
          grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>> {
 public:
  // `streams` has the stream while it is open. `message`: what is read.
  StreamCall(const PartsEnvironment& environment,
             grpc::CallbackServerContext& context, StreamSet& streams,
             const google::protobuf::Descriptor& message)
      : PartsCall(environment, context, AnswerStream::Failures::kInDone),
        streams_(streams),
        message_(message) {}

  void Start();

  void OnReadDone(bool ok) override;
  void OnDone() override;

 protected:
  // Takes up a message from `caller`, and lets its bytes go.
  virtual void TakeUp(const Caller& caller, grpc::ByteBuffer& bytes,
                      std::unique_ptr<RequestTrace> trace) = 0;

  // Ends the stream, after the requests under way, for what is wrong with more
  // than one request. `trace`: of the one that was read.
  void Stop(const std::string& model, const absl::Status& status,
            RequestTrace& trace);

 private:
  void Read() override { StartRead(&read_); }

  StreamSet& streams_;
  const google::protobuf::Descriptor& message_;
  grpc::ByteBuffer read_;
};

// Begins a `Call`, a StreamCall.
template <typename Call>
grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* StartStream(
    const PartsEnvironment& environment, grpc::CallbackServerContext& context,
    StreamSet& streams) {
  const auto call = std::make_shared<Call>(environment, context, streams);
  call->Keep(call);
  call->Start();
  return call.get();
}

}  // namespace strata

#endif  // STRATA_SERVER_STREAM_CALL_H_
