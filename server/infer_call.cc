// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/infer_call.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/base/memory_guard.h"
#include "core/base/status_macros.h"
#include "core/engine/call.h"
#include "server/infer_inputs.h"
#include "server/infer_outputs.h"
#include "server/infer_parameters.h"
#include "server/infer_version.h"
#include "server/stream_limits.h"
#include "triton/grpc_service.pb.h"

namespace strata {
namespace {

constexpr std::size_t kLongestPromptName = 256;

constexpr std::array kTruncations = {
    Choice<Truncation>{"none", Truncation::kNone},
    Choice<Truncation>{"left", Truncation::kLeft},
    Choice<Truncation>{"right", Truncation::kRight},
};

absl::StatusOr<int> PriorityOf(const InferParameters& parameters) {
  STRATA_ASSIGN_OR_RETURN(const std::int64_t level,
                          parameters.Integer("priority"));
  if (level == 0) return 0;
  if (level < 0) {
    return FieldError(parameters.FieldOf("priority"),
                      absl::StrCat("got ", level,
                                   ", expected 1, the highest, or more; 0 is "
                                   "the default"));
  }
  return kDefaultInferPriority -
         static_cast<int>(std::min<std::int64_t>(level, kInferPriorities));
}

absl::StatusOr<absl::Duration> TimeoutOf(const InferParameters& parameters) {
  STRATA_ASSIGN_OR_RETURN(const std::int64_t microseconds,
                          parameters.Integer("timeout"));
  if (microseconds == 0) return absl::InfiniteDuration();
  if (microseconds > 0) return absl::Microseconds(microseconds);
  return FieldError(parameters.FieldOf("timeout"),
                    absl::StrCat("got ", microseconds,
                                 ", expected microseconds, or 0 for none"));
}

absl::Status SetParameters(const InferParameters& parameters,
                           EncodeCall& call) {
  STRATA_ASSIGN_OR_RETURN(call.truncation,
                          Choose(parameters, "truncation", kTruncations));
  STRATA_ASSIGN_OR_RETURN(const std::int64_t max_pieces,
                          parameters.Integer("max_pieces"));
  // What is beyond an int is beyond every model's limit.
  call.max_pieces = static_cast<int>(std::clamp<std::int64_t>(
      max_pieces, -1, std::numeric_limits<int>::max()));
  STRATA_ASSIGN_OR_RETURN(
      call.add_special_pieces,
      parameters.Bool("add_special_pieces", /*unset=*/true));
  STRATA_ASSIGN_OR_RETURN(call.expected_digest,
                          parameters.String("expected_digest"));
  STRATA_ASSIGN_OR_RETURN(call.priority, PriorityOf(parameters));
  return absl::OkStatus();
}

// Takes "[12]" from the front of `text`.
bool ConsumeIndex(absl::string_view& text, std::size_t& index) {
  absl::string_view rest = text;
  if (!absl::ConsumePrefix(&rest, "[")) return false;
  const std::size_t end = rest.find(']');
  if (end == absl::string_view::npos ||
      !absl::SimpleAtoi(rest.substr(0, end), &index)) {
    return false;
  }
  text = rest.substr(end + 1);
  return true;
}

std::string InputName(std::size_t input, absl::string_view rest,
                      const InferForm& form) {
  if (absl::ConsumePrefix(&rest, ".prompt")) return "parameters[prompt]";
  const std::string tensor =
      absl::ConsumePrefix(&rest, ".text_pair") ? "text_pair" : form.tensor;
  for (const char* part : {".text", ".pieces", ".ids"}) {
    absl::ConsumePrefix(&rest, part);
  }
  return absl::StrCat(tensor, "[", input, "]", rest);
}

std::string OutputName(std::size_t output, absl::string_view rest,
                       const InferForm& form) {
  if (absl::ConsumePrefix(&rest, ".dimensions")) {
    return "parameters[dimensions]";
  }
  const std::string& name = form.specs[output];
  if (name == "pooled" && absl::ConsumePrefix(&rest, ".layers")) {
    return "parameters[layer]";
  }
  return name;
}

std::string FieldName(absl::string_view field, const InferForm& form) {
  std::size_t index = 0;
  absl::string_view rest = field;
  if (absl::ConsumePrefix(&rest, "inputs") && ConsumeIndex(rest, index)) {
    return InputName(index, rest, form);
  }
  rest = field;
  if (absl::ConsumePrefix(&rest, "outputs") && ConsumeIndex(rest, index) &&
      index < form.specs.size()) {
    return OutputName(index, rest, form);
  }
  if (field == "model") return "model_name";
  if (field == "version" || field == "version_label") return "model_version";
  if (field == "max_pieces" || field == "expected_digest") {
    return absl::StrCat("parameters[", field, "]");
  }
  return std::string(field);
}

absl::Status CheckLength(absl::string_view field, absl::string_view text,
                         std::size_t most) {
  if (text.size() <= most) return absl::OkStatus();
  return FieldError(field, absl::StrCat("has ", text.size(), " bytes, at most ",
                                        most, " are allowed"));
}

absl::StatusOr<InferCall> Convert(inference::ModelInferRequest& request,
                                  std::int64_t max_inputs) {
  STRATA_RETURN_IF_ERROR(CheckLength("id", request.id(), kLongestRequestId));
  InferCall call{.encode = {.model = std::move(*request.mutable_model_name())},
                 .form = {.id = std::move(*request.mutable_id())}};
  STRATA_ASSIGN_OR_RETURN(
      InferVersion version,
      ToInferVersion(request.model_version(), "model_version"));
  call.encode.version = version.number;
  call.encode.version_label = std::move(version.label);
  STRATA_ASSIGN_OR_RETURN(InferOutputs outputs, ToInferOutputs(request));
  call.form.outputs = std::move(outputs.named);
  for (const OutputSpec& spec : outputs.specs) {
    call.form.specs.push_back(spec.name);
  }
  call.encode.outputs = std::move(outputs.specs);
  call.encode.return_pieces = outputs.pieces;
  call.encode.numbers_per_piece = outputs.numbers_per_piece;
  call.encode.padded = true;
  const InferParameters parameters(request.parameters());
  STRATA_RETURN_IF_ERROR(SetParameters(parameters, call.encode));
  STRATA_ASSIGN_OR_RETURN(call.timeout, TimeoutOf(parameters));
  STRATA_ASSIGN_OR_RETURN(const std::string prompt,
                          parameters.String("prompt"));
  // Each input has a copy of it.
  STRATA_RETURN_IF_ERROR(
      CheckLength("parameters[prompt]", prompt, kLongestPromptName));
  STRATA_ASSIGN_OR_RETURN(InferInputs inputs,
                          TakeInferInputs(request, prompt, max_inputs));
  call.encode.inputs = std::move(inputs.inputs);
  call.form.tensor = std::move(inputs.tensor);
  return call;
}

}  // namespace

absl::StatusOr<InferCall> ToInferCall(inference::ModelInferRequest request,
                                      std::int64_t max_inputs) {
  return GuardMemory("read the request",
                     [&] { return Convert(request, max_inputs); });
}

bool GoesToSharedMemory(const InferForm& form) {
  return std::ranges::any_of(form.outputs, [](const InferOutput& output) {
    return output.place.has_value();
  });
}

absl::Status InProtocolNames(const absl::Status& status,
                             const InferForm& form) {
  const auto field = FieldOf(status);
  if (!field.has_value() || form.tensor.empty()) return status;
  absl::string_view message = status.message();
  absl::ConsumePrefix(&message, absl::StrCat(*field, ": "));
  return FieldError(FieldName(*field, form), message,
                    ReasonOf(status).value_or(Reason::kInvalidField));
}

}  // namespace strata
