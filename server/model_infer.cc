// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/model_infer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/engine/call.h"
#include "core/engine/engine.h"
#include "server/call_environment.h"
#include "server/caller.h"
#include "server/infer_call.h"
#include "server/infer_outputs.h"
#include "server/infer_reply.h"
#include "server/infer_shared.h"
#include "server/shared_memory.h"
#include "server/unary_call.h"
#include "triton/grpc_service.pb.h"

namespace strata {
namespace {

// Reads a request, with what it has in shared memory, which counts towards its
// bytes.
absl::StatusOr<InferCall> ReadInfer(const ModelInferParts& parts,
                                    const SharedInputs& shared,
                                    inference::ModelInferRequest message,
                                    const UnaryCall& call) {
  const Caller& caller = *call.caller();
  STRATA_RETURN_IF_ERROR(TakeSharedInputs(shared, message));
  STRATA_ASSIGN_OR_RETURN(
      InferCall infer,
      ToInferCall(std::move(message), parts.engine.options().max_inputs));
  std::vector<InferOutput>& outputs = infer.form.outputs;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    std::optional<SharedPlace>& place = outputs[i].place;
    if (!place.has_value()) continue;
    STRATA_RETURN_IF_ERROR(FindRegion(parts.shared_memory, caller.identity,
                                      absl::StrCat("outputs[", i, "]"),
                                      *place));
  }
  EncodeCall& encode = infer.encode;
  SetCaller(caller, encode);
  encode.deadline = std::min(call.deadline(), call.now() + infer.timeout);
  encode.stop = call.stop_token();
  encode.request_bytes = call.request_bytes() + shared.bytes;
  return infer;
}

void Answer(UnaryCall& call, EncodeReply reply, const InferForm& form) {
  call.Finish(ToModelInferResponse(std::move(reply), form, call.stop_token()));
}

// Reads and computes a request whose shared inputs, if any, were found.
void Compute(const ModelInferParts& parts, const SharedInputs& shared,
             inference::ModelInferRequest message,
             std::shared_ptr<UnaryCall> call) {
  const std::string model = message.model_name();
  absl::StatusOr<InferCall> infer =
      ReadInfer(parts, shared, std::move(message), *call);
  if (!infer.ok()) {
    call->Refuse(model, infer.status());
    return;
  }
  parts.engine.Encode(
      std::move(infer->encode),
      [memory = parts.shared_memory, form = std::move(infer->form),
       call = std::move(call)](absl::StatusOr<EncodeReply> reply) mutable {
        if (!reply.ok()) {
          call->Finish(InProtocolNames(reply.status(), form));
          return;
        }
        call->trace().Computed(*reply);
        if (!GoesToSharedMemory(form)) {
          Answer(*call, *std::move(reply), form);
          return;
        }
        memory->copiers().Submit([form = std::move(form),
                                  call = std::move(call),
                                  reply = *std::move(reply)]() mutable {
          Answer(*call, std::move(reply), form);
        });
      });
}

}  // namespace

void RunModelInfer(const ModelInferParts& parts,
                   const CallEnvironment& environment,
                   inference::ModelInferRequest message,
                   std::shared_ptr<UnaryCall> call) {
  absl::StatusOr<SharedInputs> shared =
      FindSharedInputs(message, parts.shared_memory, call->caller()->identity);
  if (!shared.ok()) {
    call->Refuse(message.model_name(), shared.status());
    return;
  }
  // It takes as long to read them as messages that large.
  const std::int64_t bytes = shared->bytes;
  ReadOn(environment, bytes,
         [parts, shared = *std::move(shared), message = std::move(message),
          call = std::move(call)]() mutable {
           Compute(parts, shared, std::move(message), std::move(call));
         });
}

}  // namespace strata
