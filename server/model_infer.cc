// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/model_infer.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/status_macros.h"
#include "core/engine/call.h"
#include "core/engine/engine.h"
#include "server/call_environment.h"
#include "server/caller.h"
#include "server/infer_call.h"
#include "server/infer_reply.h"
#include "server/infer_shared.h"
#include "server/unary_call.h"
#include "triton/grpc_service.pb.h"

namespace strata {
namespace {

// Reads a request, with what it has in shared memory, which counts towards its
// bytes.
absl::StatusOr<InferCall> ReadInfer(const ModelInferParts& parts,
                                    inference::ModelInferRequest message,
                                    const UnaryCall& call) {
  const Caller& caller = *call.caller();
  STRATA_ASSIGN_OR_RETURN(
      const std::int64_t shared_bytes,
      TakeSharedInputs(message, parts.shared_memory, caller.identity));
  STRATA_ASSIGN_OR_RETURN(
      InferCall infer,
      ToInferCall(std::move(message), parts.engine.options().max_inputs));
  for (InferOutput& output : infer.form.outputs) {
    if (!output.place.has_value()) continue;
    STRATA_RETURN_IF_ERROR(FindRegion(parts.shared_memory, caller.identity,
                                      output.name, *output.place));
  }
  EncodeCall& encode = infer.encode;
  SetCaller(caller, encode);
  encode.deadline = std::min(call.deadline(), call.now() + infer.timeout);
  encode.stop = call.stop_token();
  encode.request_bytes = call.request_bytes() + shared_bytes;
  return infer;
}

// Bytes of an answer that are copied when it is made.
std::int64_t BytesToCopy(const EncodeReply& reply, const InferForm& form) {
  if (!GoesToSharedMemory(form)) return 0;
  std::int64_t bytes = 0;
  for (const EncodedInput& input : reply.inputs) {
    for (const HostTensor& tensor : input.outputs) {
      bytes += static_cast<std::int64_t>(tensor.bytes());
    }
  }
  return bytes;
}

}  // namespace

void RunModelInfer(const ModelInferParts& parts,
                   const CallEnvironment& environment,
                   inference::ModelInferRequest message,
                   std::shared_ptr<UnaryCall> call) {
  const std::string model = message.model_name();
  absl::StatusOr<InferCall> infer = ReadInfer(parts, std::move(message), *call);
  if (!infer.ok()) {
    call->Refuse(model, infer.status());
    return;
  }
  parts.engine.Encode(
      std::move(infer->encode),
      [environment, form = std::move(infer->form),
       call = std::move(call)](absl::StatusOr<EncodeReply> reply) mutable {
        if (!reply.ok()) {
          call->Finish(InProtocolNames(reply.status(), form));
          return;
        }
        call->trace().Computed(*reply);
        const std::int64_t bytes = BytesToCopy(*reply, form);
        // The device's thread is not kept from its next batch by a copy.
        ReadOn(environment, bytes,
               [form = std::move(form), call = std::move(call),
                reply = *std::move(reply)]() mutable {
                 call->Finish(ToModelInferResponse(std::move(reply), form));
               });
      });
}

}  // namespace strata
