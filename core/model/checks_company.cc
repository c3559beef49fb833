// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/batch/request.h"
#include "core/model/checks.h"
#include "core/model/config.h"
#include "core/model/report.h"
#include "core/model/subject.h"

namespace strata {
namespace {

// What is fixed in a trace moves results by about one. A deep model's rounding
// may pass the tolerance that padding is held to; it is no reason to refuse it.
constexpr double kRefusalSlack = 10;

// The largest relative error of `sequences` in one batch against each alone.
absl::StatusOr<double> CompanyError(const Subject& subject,
                                    const std::vector<Sequence>& sequences) {
  STRATA_ASSIGN_OR_RETURN(const LayerTensors together,
                          RunRows(subject, subject.trace, sequences));
  const int rows = static_cast<int>(sequences.size());
  const std::string problem =
      ShapeProblem(together, rows, sequences[0].pieces());
  if (!problem.empty()) return Error(Reason::kForwardFailed, problem);
  double largest = 0;
  for (int row = 0; row < rows; ++row) {
    STRATA_ASSIGN_OR_RETURN(
        const LayerTensors alone,
        RunRows(subject, subject.trace, {&sequences[row], 1}));
    const double error = RelativeError(together, row, alone);
    if (std::isnan(error)) return error;
    largest = std::max(largest, error);
  }
  return largest;
}

std::string Described(double error) {
  return absl::StrCat("a relative error of ", error);
}

Finding Judge(const absl::StatusOr<double>& error, double tolerance) {
  if (!error.ok()) {
    return {.passed = false, .found = std::string(error.status().message())};
  }
  const bool passed = *error <= tolerance;  // False of not-a-number.
  return {
      .passed = passed,
      .found = absl::StrCat(Described(*error),
                            passed ? "" : absl::StrCat(", above ", tolerance))};
}

// How far two forwards of the same shapes may be apart.
constexpr double kSameKernels = 1e-5;

// How far the real places of a batch move when another piece fills the padded
// ones. Both have the same kernels, so what is hidden moves nothing: in the low
// precisions this sees what their rounding would hide.
absl::StatusOr<double> PaddedPieceError(const Subject& subject) {
  ModelConfig other = subject.config;
  other.padding_id = (other.padding_id + 1) %
                     std::max<std::int64_t>(1, subject.report.vocabulary_size);
  const Subject filled{.trace = subject.trace,
                       .config = other,
                       .tokenizer_vocabulary = subject.tokenizer_vocabulary,
                       .clock = subject.clock,
                       .report = subject.report};
  const std::vector<Sequence> probes = {
      Probe(subject, 11, 0), Probe(subject, 7, 1), Probe(subject, 3, 2)};
  STRATA_ASSIGN_OR_RETURN(const LayerTensors once,
                          RunRows(subject, subject.trace, probes));
  STRATA_ASSIGN_OR_RETURN(const LayerTensors again,
                          RunRows(filled, filled.trace, probes));
  double largest = 0;
  for (int row = 0; row < static_cast<int>(probes.size()); ++row) {
    LayerTensors real;
    for (const at::Tensor& layer : once) {
      real.push_back(
          layer.narrow(0, row, 1).narrow(1, 0, probes[row].pieces()));
    }
    const double error = RelativeError(again, row, real);
    if (std::isnan(error)) return error;
    largest = std::max(largest, error);
  }
  return largest;
}

double RefusalTolerance(const Subject& subject) {
  return kRefusalSlack * RoundingTolerance(subject.report.dtype);
}

}  // namespace

Finding CheckDeterministic(Subject& subject) {
  const std::vector<Sequence> sequence = {Probe(subject, 11, 0)};
  return Judge(CompanyError(subject, sequence), RefusalTolerance(subject));
}

Finding CheckBatchGeneralises(Subject& subject) {
  return Judge(
      CompanyError(subject, {Probe(subject, 11, 0), Probe(subject, 11, 1),
                             Probe(subject, 11, 2)}),
      RefusalTolerance(subject));
}

Finding CheckLengthGeneralises(Subject& subject) {
  for (const int length : {1, 7, 23}) {
    const std::vector<Sequence> sequence = {Probe(subject, length, 0)};
    const auto layers = RunRows(subject, subject.trace, sequence);
    const std::string problem = layers.ok()
                                    ? ShapeProblem(*layers, 1, length)
                                    : std::string(layers.status().message());
    if (!problem.empty()) {
      return {.passed = false,
              .found = absl::StrCat("of ", length, " pieces: ", problem)};
    }
  }
  return {.passed = true, .found = "all"};
}

Finding CheckPaddingInvisible(Subject& subject) {
  Finding finding =
      Judge(PaddingError(subject), RoundingTolerance(subject.report.dtype));
  if (finding.passed) {
    const Finding content = Judge(PaddedPieceError(subject), kSameKernels);
    if (!content.passed) {
      finding = content;
      absl::StrAppend(&finding.found, " where another piece fills the padding");
    }
  }
  subject.report.padding_exact = finding.passed;
  if (!finding.passed) {
    absl::StrAppend(&finding.found,
                    ": only sequences of equal length share a batch");
  }
  return finding;
}

absl::StatusOr<double> PaddingError(const Subject& subject) {
  return CompanyError(subject, {Probe(subject, 11, 0), Probe(subject, 7, 1),
                                Probe(subject, 3, 2)});
}

}  // namespace strata
