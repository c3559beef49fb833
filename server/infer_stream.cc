// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/infer_stream.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/error.h"
#include "core/engine/engine.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/answer_stream.h"
#include "server/call_environment.h"
#include "server/caller.h"
#include "server/infer_call.h"
#include "server/infer_events.h"
#include "server/parts_call.h"
#include "server/request_trace.h"
#include "server/stream_call.h"
#include "server/stream_limits.h"
#include "server/stream_set.h"
#include "triton/grpc_service.pb.h"

namespace strata {
namespace {

using inference::ModelInferRequest;

// Answers are made on the engine's thread for them, which has others to make.
absl::Status NoSharedMemory() {
  return Error(Reason::kNotImplemented,
               "outputs: shared memory is for ModelInfer alone; leave "
               "shared_memory_region away");
}

class ModelStreamInferCall final : public StreamCall {
 public:
  ModelStreamInferCall(const PartsEnvironment& environment,
                       grpc::CallbackServerContext& context, StreamSet& streams)
      : StreamCall(environment, context, streams,
                   *ModelInferRequest::descriptor()) {}

 private:
  void TakeUp(const Caller& caller, grpc::ByteBuffer& bytes,
              std::unique_ptr<RequestTrace> trace) override {
    const auto size = static_cast<std::int64_t>(bytes.Length());
    ModelInferRequest message;
    if (const absl::Status status = TakeMessage(bytes, message); !status.ok()) {
      Stop(message.model_name(), status, *trace);
      return;
    }
    const std::string model = message.model_name();
    InferForm form;
    if (message.id().size() <= kLongestRequestId) form.id = message.id();
    absl::StatusOr<InferCall> infer = ToInferCall(
        std::move(message), environment().engine.options().max_inputs);
    if (infer.ok()) {
      form = std::move(infer->form);
      if (GoesToSharedMemory(form)) infer = NoSharedMemory();
    }
    const auto request = stream()->Begin(
        std::make_unique<InferEvents>(std::move(form)), std::move(trace));
    if (request == nullptr) return;  // The server is stopping.
    Encode(caller, model, ToEncode(std::move(infer)), size, request);
  }

  absl::StatusOr<EncodeCall> ToEncode(absl::StatusOr<InferCall> infer) const {
    if (!infer.ok()) return infer.status();
    infer->encode.deadline = environment().call.clock.Now() + infer->timeout;
    return std::move(infer->encode);
  }
};

}  // namespace

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>*
StartModelStreamInfer(const PartsEnvironment& environment,
                      grpc::CallbackServerContext* context,
                      StreamSet& streams) {
  return StartStream<ModelStreamInferCall>(environment, *context, streams);
}

}  // namespace strata
