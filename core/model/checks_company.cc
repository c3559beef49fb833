// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/batch/request.h"
#include "core/model/checks.h"
#include "core/model/report.h"
#include "core/model/subject.h"
#include "core/tensor/mask_form.h"
#include "core/tensor/rows.h"
#include "core/tensor/torch_call.h"

namespace strata {
namespace {

// What is fixed in a trace moves results by about one. A deep model's rounding
// may pass the tolerance that padding is held to; it is no reason to refuse it.
constexpr double kRefusalSlack = 10;

// The largest relative error of `sequences` in one batch against each alone.
absl::StatusOr<double> CompanyError(Subject& subject,
                                    const std::vector<Sequence>& sequences) {
  STRATA_ASSIGN_OR_RETURN(const LayerTensors together,
                          RunOnce(subject, sequences));
  const int rows = static_cast<int>(sequences.size());
  const std::string problem =
      ShapeProblem(together, rows, sequences[0].pieces());
  if (!problem.empty()) return Error(Reason::kForwardFailed, problem);
  double largest = 0;
  for (int row = 0; row < rows; ++row) {
    STRATA_ASSIGN_OR_RETURN(
        const double error,
        ErrorAgainstAlone(subject, together, row, 0, sequences[row]));
    if (std::isnan(error)) return error;
    largest = std::max(largest, error);
  }
  return largest;
}

// The relative error of a second forward of the same against the first.
absl::StatusOr<double> RepetitionError(Subject& subject) {
  const std::vector<Sequence> probe = {Probe(subject, 11, 0)};
  STRATA_ASSIGN_OR_RETURN(const LayerTensors once, RunOnce(subject, probe));
  STRATA_ASSIGN_OR_RETURN(const RowTensors rows, LayRows(subject, probe));
  STRATA_ASSIGN_OR_RETURN(const LayerTensors again, RunWhole(subject, rows));
  const std::string problem = ShapeProblem(again, 1, probe[0].pieces());
  if (!problem.empty()) return Error(Reason::kForwardFailed, problem);
  return RelativeError(again, once);
}

// Whether a batch with padding comes out the same where the mask allows all.
absl::StatusOr<bool> MaskIgnored(Subject& subject) {
  const std::vector<Sequence> probes = MixedProbes(subject);
  STRATA_ASSIGN_OR_RETURN(RowTensors rows, LayRows(subject, probes));
  STRATA_RETURN_IF_ERROR(
      CallTorch([&] { return rows.mask.fill_(1); }).status());
  STRATA_ASSIGN_OR_RETURN(const LayerTensors masked, RunOnce(subject, probes));
  STRATA_ASSIGN_OR_RETURN(const LayerTensors open, RunWhole(subject, rows));
  return RelativeError(open, masked) <= RoundingTolerance(subject.report.dtype);
}

// Why padding is visible, of a trace of which it is.
std::string WhyPaddingShows(Subject& subject) {
  if (subject.report.mask_form == MaskForm::kNone) return "it takes no mask";
  const absl::StatusOr<bool> ignored = MaskIgnored(subject);
  if (ignored.ok() && *ignored) return "it ignores its mask";
  return "its mask does not hide padded places";
}

// How far the real places of a batch move when another piece fills the padded
// ones. Both have the same kernels, so what is hidden moves nothing: in the low
// precisions this sees what their rounding would hide.
absl::StatusOr<double> PaddedPieceError(Subject& subject) {
  const std::vector<Sequence> probes = MixedProbes(subject);
  const std::int64_t other =
      (subject.config.padding_id + 1) %
      std::max<std::int64_t>(1, subject.report.vocabulary_size);
  STRATA_ASSIGN_OR_RETURN(const RowTensors rows, LayRows(subject, probes));
  for (std::size_t i = 0; i < probes.size(); ++i) {
    rows.ids[static_cast<std::int64_t>(i)]
        .slice(0, probes[i].pieces())
        .fill_(other);
  }
  STRATA_ASSIGN_OR_RETURN(const LayerTensors once, RunOnce(subject, probes));
  STRATA_ASSIGN_OR_RETURN(const LayerTensors again, RunWhole(subject, rows));
  double largest = 0;
  for (std::size_t i = 0; i < probes.size(); ++i) {
    const int row = static_cast<int>(i);
    const double error =
        RelativeError(Stretch(again, row, 0, probes[i].pieces()),
                      Stretch(once, row, 0, probes[i].pieces()));
    if (std::isnan(error)) return error;
    largest = std::max(largest, error);
  }
  return largest;
}

double RefusalTolerance(const Subject& subject) {
  return kRefusalSlack * RoundingTolerance(subject.report.dtype);
}

}  // namespace

Finding JudgeError(const absl::StatusOr<double>& error, double tolerance) {
  if (!error.ok()) {
    return {.passed = false, .found = std::string(error.status().message())};
  }
  const bool passed = *error <= tolerance;  // False of not-a-number.
  return {
      .passed = passed,
      .found = absl::StrCat("a relative error of ", *error,
                            passed ? "" : absl::StrCat(", above ", tolerance))};
}

Finding CheckDeterministic(Subject& subject) {
  Finding finding =
      JudgeError(RepetitionError(subject), RefusalTolerance(subject));
  if (!finding.passed) {
    const std::vector<std::string> random = subject.trace.RandomOperators();
    absl::StrAppend(&finding.found, ", between two forwards of the same pieces",
                    random.empty()
                        ? ""
                        : absl::StrCat(": its graph draws random numbers in ",
                                       absl::StrJoin(random, ", ")));
  }
  return finding;
}

Finding CheckBatchGeneralises(Subject& subject) {
  // What is exact with padding is so without.
  Finding padded = JudgeError(CompanyError(subject, MixedProbes(subject)),
                              RefusalTolerance(subject));
  if (padded.passed) return padded;
  return JudgeError(
      CompanyError(subject, {Probe(subject, 11, 0), Probe(subject, 11, 1),
                             Probe(subject, 11, 2)}),
      RefusalTolerance(subject));
}

Finding CheckLengthGeneralises(Subject& subject) {
  const std::vector<Sequence> probes = {
      Probe(subject, 1, 0), Probe(subject, 7, 1), Probe(subject, 23, 0)};
  for (const Sequence& probe : probes) {
    const auto layers = RunOnce(subject, {probe});
    const std::string problem = layers.ok()
                                    ? ShapeProblem(*layers, 1, probe.pieces())
                                    : std::string(layers.status().message());
    if (!problem.empty()) {
      return {
          .passed = false,
          .found = absl::StrCat("of ", probe.pieces(), " pieces: ", problem)};
    }
  }
  return {.passed = true, .found = "all"};
}

Finding CheckPaddingInvisible(Subject& subject) {
  Finding finding = JudgeError(CompanyError(subject, MixedProbes(subject)),
                               RoundingTolerance(subject.report.dtype));
  if (finding.passed) {
    const Finding content = JudgeError(PaddedPieceError(subject), kSameKernels);
    if (!content.passed) {
      finding = content;
      absl::StrAppend(&finding.found, " where another piece fills the padding");
    }
  }
  subject.report.padding_exact = finding.passed;
  if (!finding.passed) {
    absl::StrAppend(&finding.found, ", since ", WhyPaddingShows(subject),
                    ": only sequences of equal length share a batch");
  }
  return finding;
}

}  // namespace strata
