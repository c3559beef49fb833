// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/batch/request.h"
#include "core/engine/resolve.h"
#include "core/model/model.h"
#include "core/model/report.h"

namespace strata {
namespace {

absl::StatusOr<int> ResolveLayer(int layer, int layers,
                                 const std::string& field) {
  const int resolved = layer < 0 ? layer + layers : layer;
  if (resolved < 0 || resolved >= layers) {
    return FieldError(field,
                      absl::StrCat("got layer ", layer, ", expected one from ",
                                   -layers, " to ", layers - 1,
                                   " (0 is the embedding output, -1 the last "
                                   "layer)"));
  }
  return resolved;
}

absl::Status ResolveLayers(std::vector<int>& layers, const std::string& field,
                           const TraceReport& report) {
  if (layers.empty()) layers = {-1};
  for (std::size_t i = 0; i < layers.size(); ++i) {
    STRATA_ASSIGN_OR_RETURN(layers[i],
                            ResolveLayer(layers[i], report.layers,
                                         absl::StrCat(field, "[", i, "]")));
  }
  return absl::OkStatus();
}

// Whether logits can be had, of a trace that may have none.
absl::Status CheckLogits(const OutputSpec& spec, const std::string& field,
                         const TraceReport& report) {
  if (!spec.layers.empty()) {
    return FieldError(absl::StrCat(field, ".layers"),
                      "set together with kind LOGITS; logits come from no "
                      "layer, leave it empty");
  }
  if (report.logits_width == 0) {
    return Error(Reason::kNotSupportedByModel,
                 absl::StrCat(field,
                              ".kind: the model's trace gives no LOGITS; ask "
                              "for HIDDEN_STATES, or serve a trace of the "
                              "model with its head"));
  }
  return absl::OkStatus();
}

absl::StatusOr<OutputSpec> ResolveOutput(OutputSpec spec,
                                         const std::string& field,
                                         const TraceReport& report) {
  const bool logits = spec.kind == OutputKind::kLogits;
  STRATA_RETURN_IF_ERROR(
      logits
          ? CheckLogits(spec, field, report)
          : ResolveLayers(spec.layers, absl::StrCat(field, ".layers"), report));
  const int width = logits ? report.logits_width : report.width;
  if (spec.dimensions < 0 || spec.dimensions > width) {
    return FieldError(
        absl::StrCat(field, ".dimensions"),
        absl::StrCat(
            "got ", spec.dimensions, ", expected 0 (all) to ", width,
            logits ? ", the width of the logits" : ", the model's width"));
  }
  if (!spec.positions.empty() && spec.pooling != Pooling::kNone) {
    return FieldError(absl::StrCat(field, ".positions"),
                      "set together with a pooling; positions choose single "
                      "pieces and go with pooling NONE only");
  }
  return spec;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const std::vector<OutputSpec>>> ResolveOutputs(
    const std::vector<OutputSpec>& outputs, const Model& model) {
  auto resolved = std::make_shared<std::vector<OutputSpec>>(outputs);
  if (resolved->empty()) resolved->emplace_back();
  for (std::size_t i = 0; i < resolved->size(); ++i) {
    STRATA_ASSIGN_OR_RETURN(
        (*resolved)[i],
        ResolveOutput(std::move((*resolved)[i]),
                      absl::StrCat("outputs[", i, "]"), model.report));
  }
  return resolved;
}

}  // namespace strata
