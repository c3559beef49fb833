// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "core/batch/request.h"
#include "core/model/checks.h"
#include "core/model/config.h"
#include "core/model/report.h"
#include "core/model/signature.h"
#include "core/model/subject.h"
#include "core/tensor/mask_form.h"
#include "torch/script.h"

namespace strata {
namespace {

constexpr int kPieces = 11;
// Sizes up to here are tried when a trace may have one fixed.
constexpr int kLargestFixedSize = 128;

// The names that reports use; nullopt for a type that is not served.
std::optional<std::string> DtypeName(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return "float32";
    case at::kHalf:
      return "float16";
    case at::kBFloat16:
      return "bfloat16";
    default:
      return std::nullopt;
  }
}

// The forms in which the mask may be given, the most capable first.
std::vector<MaskForm> PossibleForms(const Subject& subject) {
  if (subject.config.mask_form.has_value()) return {*subject.config.mask_form};
  const auto mask = std::ranges::find(
      subject.report.arguments, ArgumentRole::kAttentionMask, &Argument::role);
  if (mask == subject.report.arguments.end()) return {MaskForm::kNone};
  if (mask->type == kDictType) return {MaskForm::kDict};
  return {MaskForm::kPairs, MaskForm::kKeys, MaskForm::kPieces};
}

// Of `forms`, those with which a batch of `lengths` comes back as it should.
// Fills `errors` with what happened with the others.
std::vector<MaskForm> FormsThatRun(Subject& subject,
                                   const std::vector<MaskForm>& forms,
                                   const std::vector<int>& lengths,
                                   std::vector<std::string>& errors) {
  std::vector<Sequence> sequences;
  for (const int length : lengths) {
    sequences.push_back(Probe(subject, length, sequences.size()));
  }
  std::vector<MaskForm> running;
  for (const MaskForm form : forms) {
    subject.report.mask_form = form;
    const auto layers = RunRows(subject, subject.trace, sequences);
    const std::string error =
        layers.ok() ? ShapeProblem(*layers, static_cast<int>(lengths.size()),
                                   lengths[0])
                    : std::string(layers.status().message());
    if (error.empty()) {
      running.push_back(form);
      // What is exact for the type, BestForm has to know.
      subject.report.dtype =
          DtypeName(layers->front().scalar_type()).value_or("");
    } else {
      errors.push_back(
          absl::StrCat("with mask form \"", MaskFormKey(form), "\": ", error));
    }
  }
  return running;
}

// Several forms may run although only one means what it should, as with a mask
// that broadcasts; the one that makes padding invisible does.
MaskForm BestForm(Subject& subject, const std::vector<MaskForm>& forms) {
  if (forms.size() == 1) return forms[0];
  for (const MaskForm form : forms) {
    subject.report.mask_form = form;
    const absl::StatusOr<double> error = PaddingError(subject);
    if (error.ok() && *error <= RoundingTolerance(subject.report.dtype)) {
      return form;
    }
  }
  return forms[0];
}

// Of a trace that does not run: whether it does at a batch size or a length
// that is a constant in it, and so has its example's fixed.
std::optional<Finding> FindFixedSize(Subject& subject,
                                     const std::vector<MaskForm>& forms,
                                     const std::string& error) {
  std::vector<std::string> ignored;
  for (const int size : subject.trace.IntegerConstants(kLargestFixedSize)) {
    const std::vector<int> rows(size, kPieces);
    if (!FormsThatRun(subject, forms, rows, ignored).empty()) {
      return Finding{.found = absl::StrCat("that it runs on batches of ", size,
                                           " but not of 1, ", error),
                     .blamed = "batch_generalises"};
    }
    if (!FormsThatRun(subject, forms, {size}, ignored).empty()) {
      return Finding{
          .found = absl::StrCat("that it runs on ", size, " pieces but not on ",
                                kPieces, ", ", error),
          .blamed = "length_generalises"};
    }
  }
  return std::nullopt;
}

absl::StatusOr<LayerTensors> RunAlone(const Subject& subject) {
  return RunRows(subject, subject.trace,
                 std::vector{Probe(subject, kPieces, 0)});
}

}  // namespace

Finding CheckForwardRuns(Subject& subject) {
  const std::vector<MaskForm> forms = PossibleForms(subject);
  std::vector<std::string> errors;
  std::vector<MaskForm> running =
      FormsThatRun(subject, forms, {kPieces, 7, 3}, errors);
  if (running.empty()) {
    // One row may do; then batch_generalises says what is wrong.
    errors.clear();
    running = FormsThatRun(subject, forms, {kPieces}, errors);
    if (running.empty()) {
      const std::string error = absl::StrJoin(errors, "; ");
      return FindFixedSize(subject, forms, error)
          .value_or(Finding{.found = absl::StrCat("that it fails on [1, ",
                                                  kPieces, "], ", error)});
    }
    subject.report.mask_form = running.front();
  } else {
    subject.report.mask_form = BestForm(subject, running);
  }
  return {.passed = true,
          .found = absl::StrCat("runs with mask form \"",
                                MaskFormKey(subject.report.mask_form), "\"")};
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
