// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/infer_outputs.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "core/base/error.h"
#include "core/base/host_tensor.h"
#include "core/base/status_macros.h"
#include "core/batch/request.h"
#include "server/infer_parameters.h"
#include "server/infer_shared.h"
#include "triton/grpc_service.pb.h"

namespace strata {
namespace {

// The layer that a name stands for; nullopt: it is no name of a layer.
std::optional<int> LayerOf(absl::string_view name) {
  absl::string_view number = name;
  int layer = 0;
  if (!absl::ConsumePrefix(&number, "layer_") ||
      !absl::SimpleAtoi(number, &layer) ||
      absl::StrCat("layer_", layer) != name) {
    return std::nullopt;
  }
  return layer;
}

constexpr std::array kPoolings = {
    Choice<Pooling>{"mean", Pooling::kMean},
    Choice<Pooling>{"first", Pooling::kFirst},
    Choice<Pooling>{"last", Pooling::kLast},
    Choice<Pooling>{"max", Pooling::kMax},
};
constexpr std::array kDataTypes = {
    Choice<DataType>{DataTypeName(DataType::kFloat32), DataType::kFloat32},
    Choice<DataType>{DataTypeName(DataType::kFloat16), DataType::kFloat16},
    Choice<DataType>{DataTypeName(DataType::kBFloat16), DataType::kBFloat16},
};

// An integer that the engine checks further.
absl::StatusOr<int> SmallInteger(const InferParameters& parameters,
                                 absl::string_view name, int unset) {
  STRATA_ASSIGN_OR_RETURN(const std::int64_t value,
                          parameters.Integer(name, unset));
  if (value >= std::numeric_limits<int>::min() &&
      value <= std::numeric_limits<int>::max()) {
    return static_cast<int>(value);
  }
  return FieldError(parameters.FieldOf(name),
                    absl::StrCat("got ", value, ", which is out of range"));
}

// Sets what the parameters say of any vectors.
absl::Status SetForm(const InferParameters& parameters, OutputSpec& spec) {
  STRATA_ASSIGN_OR_RETURN(spec.dtype, Choose(parameters, "dtype", kDataTypes));
  STRATA_ASSIGN_OR_RETURN(spec.normalize, parameters.Bool("normalize"));
  STRATA_ASSIGN_OR_RETURN(spec.dimensions,
                          SmallInteger(parameters, "dimensions", 0));
  return absl::OkStatus();
}

// The kind of what `name` names, and of vectors where they come from; nullopt:
// it names nothing.
std::optional<InferOutputKind> KindOf(const std::string& name,
                                      OutputSpec& spec) {
  if (name == "piece_ids") return InferOutputKind::kPieceIds;
  if (name == "attention_mask") return InferOutputKind::kAttentionMask;
  if (name == "pooled") return InferOutputKind::kPooledVectors;
  if (name == "logits") {
    spec.kind = OutputKind::kLogits;
    return InferOutputKind::kPieceVectors;
  }
  const std::optional<int> layer = name == "hidden_states" ? -1 : LayerOf(name);
  if (!layer.has_value()) return std::nullopt;
  spec.layers = {*layer};
  return InferOutputKind::kPieceVectors;
}

absl::Status Add(const std::string& name, const std::string& field,
                 const InferParameters& parameters,
                 std::optional<SharedPlace> place, InferOutputs& outputs) {
  OutputSpec spec{.name = name};
  const std::optional<InferOutputKind> kind = KindOf(name, spec);
  if (!kind.has_value()) {
    return FieldError(
        absl::StrCat(field, ".name"),
        absl::StrCat("got '", name,
                     "', expected hidden_states, layer_N, pooled, logits, "
                     "piece_ids or attention_mask"));
  }
  const bool numbers = *kind == InferOutputKind::kPieceIds ||
                       *kind == InferOutputKind::kAttentionMask;
  // Of vectors, with other parameters, there may be several.
  if (numbers && std::ranges::find(outputs.named, name, &InferOutput::name) !=
                     outputs.named.end()) {
    return FieldError(absl::StrCat(field, ".name"),
                      absl::StrCat("'", name, "' is there twice"));
  }
  outputs.named.push_back({.name = name,
                           .kind = *kind,
                           .spec = outputs.specs.size(),
                           .place = std::move(place)});
  if (numbers) {
    ++outputs.numbers_per_piece;
    outputs.pieces |= *kind == InferOutputKind::kPieceIds;
    return absl::OkStatus();
  }
  STRATA_RETURN_IF_ERROR(SetForm(parameters, spec));
  if (*kind == InferOutputKind::kPooledVectors) {
    STRATA_ASSIGN_OR_RETURN(spec.pooling,
                            Choose(parameters, "pooling", kPoolings));
    STRATA_ASSIGN_OR_RETURN(const int layer,
                            SmallInteger(parameters, "layer", -1));
    spec.layers = {layer};
  }
  outputs.specs.push_back(std::move(spec));
  return absl::OkStatus();
}

// Errors for what would change an output and is not done here.
absl::Status CheckDone(
    const inference::ModelInferRequest::InferRequestedOutputTensor& output) {
  if (!output.parameters().contains("classification")) return absl::OkStatus();
  return Error(Reason::kNotImplemented,
               "outputs: this server does not do 'classification'; leave that "
               "parameter away");
}

}  // namespace

absl::StatusOr<InferOutputs> ToInferOutputs(
    const inference::ModelInferRequest& request) {
  InferOutputs outputs;
  if (request.outputs().empty()) {
    const InferParameters parameters(request.parameters());
    for (const char* name : {"hidden_states", "attention_mask"}) {
      STRATA_RETURN_IF_ERROR(
          Add(name, "outputs", parameters, std::nullopt, outputs));
    }
  }
  for (int i = 0; i < request.outputs_size(); ++i) {
    const auto& output = request.outputs(i);
    const std::string field = absl::StrCat("outputs[", i, "]");
    STRATA_RETURN_IF_ERROR(CheckDone(output));
    STRATA_ASSIGN_OR_RETURN(auto place,
                            SharedPlaceOf(output.parameters(), field));
    STRATA_RETURN_IF_ERROR(
        Add(output.name(), field,
            InferParameters(request.parameters(), output.parameters(), field),
            std::move(place), outputs));
  }
  if (outputs.specs.empty()) {
    // The least that can be computed: what is wanted comes with any answer.
    outputs.specs.push_back(
        {.layers = {0}, .pooling = Pooling::kFirst, .dimensions = 1});
  }
  return outputs;
}

}  // namespace strata
