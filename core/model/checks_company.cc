// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
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

// A stretch of a row's places, as Stretch takes it.
struct Places {
  int row = 0;
  int begin = 0;
  int pieces = 0;
};

// The largest relative error of `places` of `again` against those of `once`.
double LargestMove(std::span<const at::Tensor> again,
                   std::span<const at::Tensor> once,
                   const std::vector<Places>& places) {
  double largest = 0;
  for (const auto& [row, begin, pieces] : places) {
    const double error = RelativeError(Stretch(again, row, begin, pieces),
                                       Stretch(once, row, begin, pieces));
    if (std::isnan(error)) return error;
    largest = std::max(largest, error);
  }
  return largest;
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
  std::vector<Places> real;
  for (int row = 0; row < std::ssize(probes); ++row) {
    const int pieces = probes[row].pieces();
    rows.ids[row].slice(0, pieces).fill_(other);
    real.push_back({.row = row, .begin = 0, .pieces = pieces});
  }
  STRATA_ASSIGN_OR_RETURN(const LayerTensors once, RunOnce(subject, probes));
  STRATA_ASSIGN_OR_RETURN(const LayerTensors again, RunWhole(subject, rows));
  return LargestMove(again, once, real);
}

// How far the other real places of padded sequences move in the first layer
// when another piece is in their first place. Further up they would move
// through what stands in the padding.
absl::StatusOr<double> FirstPieceError(Subject& subject) {
  const std::vector<Sequence> probes = MixedProbes(subject);
  STRATA_ASSIGN_OR_RETURN(const RowTensors rows, LayRows(subject, probes));
  rows.ids.select(1, 0).add_(1).remainder_(subject.report.vocabulary_size);
  STRATA_ASSIGN_OR_RETURN(const LayerTensors once, RunOnce(subject, probes));
  STRATA_ASSIGN_OR_RETURN(const LayerTensors again, RunWhole(subject, rows));
  std::vector<Places> others;
  for (int row = 1; row < std::ssize(probes); ++row) {
    others.push_back(
        {.row = row, .begin = 1, .pieces = probes[row].pieces() - 1});
  }
  const auto first = std::min<std::size_t>(2, once.size());
  return LargestMove(std::span(again).first(first),
                     std::span(once).first(first), others);
}

double RefusalTolerance(const Subject& subject) {
  return kRefusalSlack * RoundingTolerance(subject.report.dtype);
}

// How far two forwards of the same may be apart. What draws random numbers has
// to agree; without that, no more is asked than that nothing is broken.
double RepetitionTolerance(const Subject& subject, bool random) {
  if (subject.config.batch_invariant) return 0;
  return random ? kSameKernels : RefusalTolerance(subject);
}

// How far the first of three `sequences` in a batch moves when the others are
// exchanged.
absl::StatusOr<double> NeighbourError(Subject& subject,
                                      std::vector<Sequence> sequences) {
  STRATA_ASSIGN_OR_RETURN(const LayerTensors once, RunOnce(subject, sequences));
  sequences[1] = Probe(subject, sequences[1].pieces(), 6);
  sequences[2] = Probe(subject, sequences[2].pieces(), 7);
  STRATA_ASSIGN_OR_RETURN(const LayerTensors again,
                          RunOnce(subject, sequences));
  return LargestMove(again, once,
                     {{.row = 0, .begin = 0, .pieces = sequences[0].pieces()}});
}

// Whether each of three `sequences` in one batch equals itself alone. In the
// low precisions that tolerance could hide a neighbour, so the first of them
// must not move, but for rounding, when the others are exchanged.
Finding JudgeCompany(Subject& subject, const std::vector<Sequence>& sequences) {
  Finding finding =
      JudgeError(CompanyError(subject, sequences), RefusalTolerance(subject));
  if (!finding.passed) return finding;
  Finding exchanged = JudgeError(NeighbourError(subject, sequences),
                                 RoundingTolerance(subject.report.dtype));
  if (exchanged.passed) return finding;
  absl::StrAppend(&exchanged.found, " beside other neighbours");
  return exchanged;
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
  const std::vector<std::string> random = subject.trace.RandomOperators();
  Finding finding =
      JudgeError(RepetitionError(subject),
                 RepetitionTolerance(subject, /*random=*/!random.empty()));
  if (!finding.passed) {
    absl::StrAppend(&finding.found, ", between two forwards of the same pieces",
                    random.empty()
                        ? ""
                        : absl::StrCat(": its graph draws random numbers in ",
                                       absl::StrJoin(random, ", ")),
                    subject.config.batch_invariant
                        ? "; \"batch_invariant\" in strata.json allows none"
                        : "");
  }
  return finding;
}

Finding CheckBatchGeneralises(Subject& subject) {
  // What is exact with padding is so without.
  Finding padded = JudgeCompany(subject, MixedProbes(subject));
  if (padded.passed) return padded;
  return JudgeCompany(subject, {Probe(subject, 11, 0), Probe(subject, 11, 1),
                                Probe(subject, 11, 2)});
}

Finding CheckLengthGeneralises(Subject& subject) {
  const std::vector<Sequence> probes = {
      Probe(subject, 1, 0), Probe(subject, 7, 1),
      Probe(subject, LongestShortProbe(subject.config), 0)};
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

// Where padding is seen, looks which of the places it is that are seen: of a
// mask that is true where a place is to be ignored, only the padding.
Finding CheckMaskNotInverted(Subject& subject) {
  if (subject.report.mask_form == MaskForm::kNone) {
    return {.passed = true, .found = "no mask"};
  }
  if (subject.report.padding_exact) {
    return {.passed = true, .found = "it hides what it marks with 0"};
  }
  const absl::StatusOr<double> real = FirstPieceError(subject);
  const bool real_hidden = real.ok() && *real <= kSameKernels;
  // Seldom asked, since it costs a forward.
  const absl::StatusOr<double> padding =
      real_hidden ? PaddedPieceError(subject) : 0.0;
  const bool inverted =
      padding.ok() && *padding > RoundingTolerance(subject.report.dtype);
  return {.passed = !inverted,
          .found = inverted
                       ? "it hides what it marks with 1, and shows what it "
                         "marks with 0"
                       : "it shows what it marks with 1"};
}

}  // namespace strata
