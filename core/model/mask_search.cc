// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/mask_search.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/batch/request.h"
#include "core/model/config.h"
#include "core/model/report.h"
#include "core/model/signature.h"
#include "core/model/subject.h"
#include "core/model/trace.h"
#include "core/tensor/mask_form.h"
#include "core/tensor/rows.h"

namespace strata {
namespace {

// Sizes up to here are tried when a trace may have one fixed.
constexpr int kLargestFixedSize = 128;
// The length of the rows that are tried then.
constexpr int kPieces = 11;

std::vector<MaskForm> PossibleForms(const Subject& subject) {
  if (subject.config.mask_form.has_value()) return {*subject.config.mask_form};
  const auto mask = std::ranges::find(
      subject.report.arguments, ArgumentRole::kAttentionMask, &Argument::role);
  if (mask == subject.report.arguments.end()) return {MaskForm::kNone};
  if (mask->type == kDictType) return {MaskForm::kDict};
  return {MaskForm::kPairs, MaskForm::kKeys, MaskForm::kPieces};
}

std::vector<MaskDtype> PossibleDtypes(const Subject& subject) {
  if (subject.config.mask_dtype.has_value()) {
    return {*subject.config.mask_dtype};
  }
  return {MaskDtype::kBool, MaskDtype::kInt64, MaskDtype::kFloat32};
}

// Whether `trace`, the subject's or one cut from it, gives hidden states for
// `rows` rows of `pieces` with one of `masks`.
bool RunsOn(Subject& subject, const Trace& trace,
            const std::vector<MaskKind>& masks, int rows, int pieces) {
  const std::vector<Sequence> sequences(rows, Probe(subject, pieces, 0));
  return std::ranges::any_of(masks, [&](MaskKind mask) {
    subject.report.SetMask(mask);
    const absl::StatusOr<RowTensors> tensors = LayRows(subject, sequences);
    if (!tensors.ok()) return false;
    const auto outputs = trace.Forward(*tensors);
    return outputs.ok() && ShapeProblem(outputs->layers, rows, pieces).empty();
  });
}

}  // namespace

std::vector<MaskKind> PossibleMasks(const Subject& subject) {
  std::vector<MaskKind> masks;
  for (const MaskDtype dtype : PossibleDtypes(subject)) {
    for (const MaskForm form : PossibleForms(subject)) {
      if (form == MaskForm::kNone) return {form};
      masks.emplace_back(form, dtype);
    }
  }
  return masks;
}

std::string DescribeMask(MaskKind mask) {
  if (mask.form == MaskForm::kNone) return "without a mask";
  const absl::string_view dtype = MaskDtypeName(mask.dtype);
  return absl::StrCat("with a", dtype[0] == 'i' ? "n " : " ", dtype,
                      " mask of form \"", MaskFormKey(mask.form), "\"");
}

std::string MaskTrials::ErrorText() const {
  return absl::StrJoin(errors, "; ", [](std::string* out, const auto& error) {
    absl::StrAppend(out, error.first, ": ", error.second);
  });
}

bool TryMask(Subject& subject, MaskKind mask,
             const std::vector<Sequence>& sequences, MaskTrials& trials) {
  subject.report.SetMask(mask);
  const auto layers = RunOnce(subject, sequences);
  const std::string error =
      layers.ok() ? ShapeProblem(*layers, static_cast<int>(sequences.size()),
                                 sequences[0].pieces())
                  : std::string(layers.status().message());
  if (error.empty()) {
    trials.good.push_back(mask);
    // HidesPadding has to know what is exact for it.
    subject.report.dtype =
        DtypeName(layers->front().scalar_type()).value_or("");
    return true;
  }
  if (layers.ok()) trials.misshapen = mask;
  const auto same = std::ranges::find(
      trials.errors, error, [](const auto& noted) { return noted.second; });
  if (same == trials.errors.end()) {
    trials.errors.emplace_back(DescribeMask(mask), error);
  } else {
    absl::StrAppend(&same->first, ", ", DescribeMask(mask));
  }
  return false;
}

bool HidesPadding(Subject& subject) {
  const std::vector<Sequence> probes = MixedProbes(subject);
  const auto together = RunOnce(subject, probes);
  if (!together.ok()) return false;
  const int last = static_cast<int>(probes.size()) - 1;
  const absl::StatusOr<double> error =
      ErrorAgainstAlone(subject, *together, last, 0, probes[last]);
  return error.ok() && *error <= RoundingTolerance(subject.report.dtype);
}

std::optional<FixedSize> FindFixedSize(Subject& subject,
                                       const std::vector<MaskKind>& masks) {
  // What is fixed is mostly so in the first layer already, at less cost.
  const absl::StatusOr<Trace> cut = subject.trace.Cut(1);
  const bool cut_fails = cut.ok() && !RunsOn(subject, *cut, masks, 1, kPieces);
  const Trace& trace = cut_fails ? *cut : subject.trace;
  for (const int size : subject.trace.IntegerConstants(kLargestFixedSize)) {
    if (RunsOn(subject, trace, masks, size, kPieces)) {
      return FixedSize{.blamed = "batch_generalises",
                       .found = absl::StrCat("that it runs on batches of ",
                                             size, " but not of 1")};
    }
    if (RunsOn(subject, trace, masks, 1, size)) {
      return FixedSize{.blamed = "length_generalises",
                       .found = absl::StrCat("that it runs on ", size,
                                             " pieces but not on ", kPieces)};
    }
  }
  return std::nullopt;
}

}  // namespace strata
