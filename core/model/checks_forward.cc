// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/model/checks.h"
#include "core/model/mask_search.h"
#include "core/model/report.h"
#include "core/model/subject.h"
#include "core/tensor/mask_form.h"
#include "torch/script.h"

namespace strata {
namespace {

constexpr int kPieces = 11;

absl::StatusOr<LayerTensors> RunAlone(Subject& subject) {
  return RunOnce(subject, {Probe(subject, kPieces, 0)});
}

// Finds the mask with which a batch of several lengths runs. Several may run
// although only one means what it should, as with one that broadcasts or one of
// another type; that which makes padding invisible does.
MaskTrials TryMasks(Subject& subject, const std::vector<MaskKind>& masks) {
  MaskTrials trials;
  for (const MaskKind mask : masks) {
    const bool good = TryMask(subject, mask, MixedProbes(subject), trials);
    if (good && (masks.size() == 1 || HidesPadding(subject))) return trials;
  }
  if (!trials.good.empty()) subject.report.SetMask(trials.good.front());
  return trials;
}

MaskTrials TryMasksAlone(Subject& subject, const std::vector<MaskKind>& masks) {
  MaskTrials trials;
  for (const MaskKind mask : masks) {
    if (TryMask(subject, mask, {Probe(subject, kPieces, 0)}, trials)) break;
  }
  return trials;
}

// Of a trace that runs with none of `masks`, where `errors` came.
Finding WhyItFails(Subject& subject, const std::vector<MaskKind>& masks,
                   const std::string& errors) {
  const std::vector<std::string> calls = subject.trace.OutsideCalls();
  if (!calls.empty()) {
    return {.found = absl::StrCat(absl::StrJoin(calls, ", "),
                                  ", and that it fails ", errors),
            .blamed = "devices_rewritten"};
  }
  const auto fixed = FindFixedSize(subject, masks);
  if (fixed.has_value()) {
    return {.found = absl::StrCat(fixed->found, ", ", errors),
            .blamed = fixed->blamed};
  }
  return {.found =
              absl::StrCat("that it fails on [1, ", kPieces, "], ", errors)};
}

}  // namespace

Finding CheckForwardRuns(Subject& subject) {
  const std::vector<MaskKind> masks = PossibleMasks(subject);
  if (TryMasks(subject, masks).good.empty()) {
    // One row may do, or run at least; later checks say what is wrong then.
    const MaskTrials alone = TryMasksAlone(subject, masks);
    if (alone.good.empty()) {
      const Finding why = WhyItFails(subject, masks, alone.ErrorText());
      if (!why.blamed.empty() || !alone.misshapen.has_value()) return why;
      subject.report.SetMask(*alone.misshapen);
    }
  }
  return {.passed = true,
          .found = absl::StrCat("runs ", DescribeMask(subject.report.mask()))};
}

Finding CheckOutputsAreHiddenStates(Subject& subject) {
  const absl::StatusOr<LayerTensors> layers = RunAlone(subject);
  if (!layers.ok()) {
    return {.passed = false, .found = std::string(layers.status().message())};
  }
  const std::string problem = ShapeProblem(*layers, 1, kPieces);
  if (!problem.empty()) return {.passed = false, .found = problem};
  TraceReport& report = subject.report;
  for (const at::Tensor& layer : *layers) {
    const auto dtype = DtypeName(layer.scalar_type());
    if (!dtype.has_value()) {
      return {
          .passed = false,
          .found = absl::StrCat("type ", c10::toString(layer.scalar_type()))};
    }
    report.dtype = *dtype;
  }
  report.layers = static_cast<int>(layers->size());
  report.width = static_cast<int>(layers->front().size(2));
  return {.passed = true,
          .found = absl::StrCat(report.layers, " layers of width ",
                                report.width, ", ", report.dtype)};
}

Finding CheckFinalNormLayersExist(Subject& subject) {
  for (const int layer : subject.config.final_norm_layers) {
    if (layer >= subject.report.layers) {
      return {.passed = false,
              .found =
                  absl::StrCat("layer ", layer, " of ", subject.report.layers)};
    }
  }
  return {
      .passed = true,
      .found = absl::StrCat(subject.config.final_norm_layers.size(), " named")};
}

Finding CheckFinite(Subject& subject) {
  const absl::StatusOr<LayerTensors> layers = RunAlone(subject);
  if (!layers.ok()) {
    return {.passed = false, .found = std::string(layers.status().message())};
  }
  for (std::size_t i = 0; i < layers->size(); ++i) {
    const auto bad =
        (*layers)[i].isfinite().logical_not().sum().item<int64_t>();
    if (bad > 0) {
      return {.passed = false,
              .found = absl::StrCat(bad, " of ", (*layers)[i].numel(),
                                    " numbers in layer ", i, " that are not")};
    }
  }
  return {.passed = true, .found = "all finite"};
}

}  // namespace strata
