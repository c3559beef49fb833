// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/infer_events.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/engine/call.h"
#include "google/rpc/status.pb.h"
#include "server/answer_events.h"
#include "server/infer_call.h"
#include "server/infer_reply.h"
#include "server/slice_writer.h"
#include "server/status.h"
#include "triton/grpc_service.pb.h"

namespace strata {
namespace {

using inference::ModelStreamInferResponse;

// What tells Triton's clients that no other answer to a request comes.
std::string FinalMark() {
  inference::InferParameter yes;
  yes.set_bool_param(true);
  inference::ModelInferResponse mark;
  // Not by [], in which g++ 12 sees bounds passed that are kept.
  mark.mutable_parameters()->insert({"triton_final_response", yes});
  return mark.SerializeAsString();
}

Event AnswerEvent(const InferReply& reply) {
  const std::string mark = FinalMark();
  SliceWriter writer;
  writer.WriteFrame(ModelStreamInferResponse::kInferResponseFieldNumber,
                    mark.size() + reply.size());
  writer.Write(mark);
  reply.Write(writer);
  return {.message = writer.Finish(),
          .tensor_bytes = static_cast<std::int64_t>(reply.tensor_bytes())};
}

Event ErrorEvent(const absl::Status& status, const InferForm& form) {
  const google::rpc::Status wire = ToRpcStatus(InProtocolNames(status, form));
  ModelStreamInferResponse message;
  // There is no field for the code.
  message.set_error_message(absl::StrCat(
      absl::StatusCodeToString(static_cast<absl::StatusCode>(wire.code())),
      ": ", wire.message()));
  message.mutable_infer_response()->set_id(form.id);
  SliceWriter writer;
  writer.Write(message.SerializeAsString());
  return {.message = writer.Finish()};
}

absl::StatusOr<Event> ToEvent(EncodeReply reply, const InferForm& form) {
  STRATA_ASSIGN_OR_RETURN(const InferReply result,
                          InferReply::Create(std::move(reply), form));
  return AnswerEvent(result);
}

}  // namespace

absl::Status InferEvents::StatusOf(
    const absl::StatusOr<EncodeReply>& reply) const {
  return reply.ok() ? reply->input_failure : reply.status();
}

void InferEvents::OnInput(int input, EncodedInput result,
                          const Outputs& /*outputs*/) {
  const auto count = static_cast<std::size_t>(input) + 1;
  if (inputs_.size() < count) inputs_.resize(count);
  inputs_[input] = std::move(result);
}

void InferEvents::Finish(const absl::StatusOr<EncodeReply>& reply) {
  if (!reply.ok()) {
    event_ = ErrorEvent(reply.status(), form_);
    return;
  }
  auto event = ToEvent({.model = reply->model,
                        .outputs = reply->outputs,
                        .inputs = std::move(inputs_),
                        .timings = reply->timings},
                       form_);
  event_ = event.ok() ? *std::move(event) : ErrorEvent(event.status(), form_);
}

Event InferEvents::Next(bool& last) {
  last = true;
  return std::exchange(event_, std::nullopt).value_or(Event());
}

}  // namespace strata
