// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
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

// What became of the same batch with several mask forms.
struct Trials {
  // The forms with which it came back as hidden states.
  std::vector<MaskForm> good;
  // One with which it came back otherwise.
  std::optional<MaskForm> misshapen;
  // What happened with those that are not good, a sentence.
  std::string errors;
};

// Runs a batch of these lengths, the longest first, with each of `forms`.
Trials TryForms(Subject& subject, const std::vector<MaskForm>& forms,
                const std::vector<int>& lengths) {
  std::vector<Sequence> sequences;
  sequences.reserve(lengths.size());
  for (const int length : lengths) {
    sequences.push_back(Probe(subject, length, sequences.size()));
  }
  Trials trials;
  for (const MaskForm form : forms) {
    subject.report.mask_form = form;
    const auto layers = RunRows(subject, subject.trace, sequences);
    const std::string error =
        layers.ok() ? ShapeProblem(*layers, static_cast<int>(lengths.size()),
                                   lengths[0])
                    : std::string(layers.status().message());
    if (error.empty()) {
      trials.good.push_back(form);
      // What is exact for the type, BestForm has to know.
      subject.report.dtype =
          DtypeName(layers->front().scalar_type()).value_or("");
      continue;
    }
    if (layers.ok()) trials.misshapen = form;
    absl::StrAppend(&trials.errors, trials.errors.empty() ? "" : "; ",
                    "with mask form \"", MaskFormKey(form), "\": ", error);
  }
  return trials;
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
  for (const int size : subject.trace.IntegerConstants(kLargestFixedSize)) {
    const std::vector<int> rows(size, kPieces);
    if (!TryForms(subject, forms, rows).good.empty()) {
      return Finding{.found = absl::StrCat("that it runs on batches of ", size,
                                           " but not of 1, ", error),
                     .blamed = "batch_generalises"};
    }
    if (!TryForms(subject, forms, {size}).good.empty()) {
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
  const Trials padded = TryForms(subject, forms, {kPieces, 7, 3});
  if (!padded.good.empty()) {
    subject.report.mask_form = BestForm(subject, padded.good);
  } else {
    // One row may do, or run at least; later checks say what is wrong then.
    const Trials alone = TryForms(subject, forms, {kPieces});
    if (alone.good.empty()) {
      auto fixed = FindFixedSize(subject, forms, alone.errors);
      if (fixed.has_value()) return *fixed;
      if (!alone.misshapen.has_value()) {
        return {.found = absl::StrCat("that it fails on [1, ", kPieces, "], ",
                                      alone.errors)};
      }
    }
    subject.report.mask_form = alone.good.empty()
                                   ? alone.misshapen.value_or(MaskForm::kNone)
                                   : alone.good.front();
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
