// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/batch/request.h"
#include "core/model/checks.h"
#include "core/model/report.h"
#include "core/model/subject.h"
#include "core/tensor/mask_form.h"
#include "core/tensor/rows.h"
#include "torch/script.h"

namespace strata {
namespace {

constexpr int kPrefix = 9;
// After the prefix. The first makes the first of MixedProbes, which is known
// alone; the others are equal, so that they are computed in one batch.
constexpr std::array kTails = {2, 4, 4};

// Where in a packed row its members begin.
std::vector<int> Begins(const std::vector<Sequence>& members) {
  std::vector<int> begins;
  int begin = 0;
  for (const Sequence& member : members) {
    begins.push_back(begin);
    begin += member.pieces();
  }
  return begins;
}

// Runs one row of `members`, which have the first `shared` pieces in common.
absl::StatusOr<LayerTensors> RunPacked(Subject& subject,
                                       const std::vector<Sequence>& members,
                                       int shared = 0) {
  STRATA_ASSIGN_OR_RETURN(const RowTensors row,
                          LayPackedRow(subject, members, shared));
  STRATA_ASSIGN_OR_RETURN(LayerTensors layers, RunWhole(subject, row));
  const std::string problem =
      ShapeProblem(layers, 1, static_cast<int>(row.ids.size(1)));
  if (!problem.empty()) return Error(Reason::kForwardFailed, problem);
  return layers;
}

// The largest error of those of `members` that `judged` says, of a packed row
// whose layers are `layers`, against each alone.
absl::StatusOr<double> PackedError(Subject& subject, const LayerTensors& layers,
                                   const std::vector<Sequence>& members,
                                   const std::vector<int>& judged) {
  const std::vector<int> begins = Begins(members);
  double largest = 0;
  for (const int member : judged) {
    STRATA_ASSIGN_OR_RETURN(
        const double error,
        ErrorAgainstAlone(subject, layers, 0, begins[member], members[member]));
    if (std::isnan(error)) return error;
    largest = std::max(largest, error);
  }
  return largest;
}

// How far the last of the mixed probes moves in its packed row when the others
// are exchanged. Both rows have the same kernels, so what is hidden moves
// nothing: in the low precisions this sees what their rounding would hide.
absl::StatusOr<double> NeighbourError(Subject& subject,
                                      const LayerTensors& packed) {
  std::vector<Sequence> others = MixedProbes(subject);
  others[0] = Probe(subject, others[0].pieces(), 6);
  others[1] = Probe(subject, others[1].pieces(), 7);
  STRATA_ASSIGN_OR_RETURN(const LayerTensors again, RunPacked(subject, others));
  const int begin = Begins(others)[2];
  return RelativeError(Stretch(again, 0, begin, others[2].pieces()),
                       Stretch(packed, 0, begin, others[2].pieces()));
}

// Three sequences of one beginning.
std::vector<Sequence> SharedProbes(const Subject& subject) {
  const Sequence first = MixedProbes(subject)[0];
  std::vector<Sequence> probes = {first};
  for (std::uint32_t i = 1; i < kTails.size(); ++i) {
    Sequence probe = Probe(subject, kPrefix + kTails[i], 3 + i);
    std::copy_n(first.ids.begin(), kPrefix, probe.ids.begin());
    probes.push_back(std::move(probe));
  }
  return probes;
}

// The largest error of pieces in the shared row against their sequences alone,
// or those of equal length in a batch, which has been found to be the same.
absl::StatusOr<double> SharingError(Subject& subject) {
  const std::vector<Sequence> probes = SharedProbes(subject);
  STRATA_ASSIGN_OR_RETURN(const LayerTensors shared,
                          RunPacked(subject, probes, kPrefix));
  STRATA_ASSIGN_OR_RETURN(const LayerTensors first,
                          RunOnce(subject, {probes[0]}));
  STRATA_ASSIGN_OR_RETURN(const LayerTensors others,
                          RunOnce(subject, {probes[1], probes[2]}));
  double largest = RelativeError(Stretch(shared, 0, 0, kPrefix),
                                 Stretch(first, 0, 0, kPrefix));
  int begin = kPrefix;
  for (int i = 0; i < 3; ++i) {
    const double error =
        RelativeError(Stretch(shared, 0, begin, kTails[i]),
                      Stretch(i == 0 ? first : others, std::max(0, i - 1),
                              kPrefix, kTails[i]));
    begin += kTails[i];
    if (std::isnan(error)) return error;
    largest = std::max(largest, error);
  }
  return largest;
}

// How far the beginning of two sequences moves when what follows it is
// another's: in one batch, so with the same kernels.
absl::StatusOr<double> PrefixMove(Subject& subject) {
  const std::vector<Sequence> probes = SharedProbes(subject);
  STRATA_ASSIGN_OR_RETURN(const LayerTensors others,
                          RunOnce(subject, {probes[1], probes[2]}));
  return RelativeError(Stretch(others, 0, 0, kPrefix),
                       Stretch(others, 1, 0, kPrefix));
}

// Of a trace in a low precision, whose rounding may be as large as what a wrong
// place or a look ahead would do.
Finding JudgeSharingWithoutRounding(Subject& subject) {
  if (!subject.report.positions_matter) {
    return {.passed = false,
            .found =
                "that it is given no positions, and that rounding could "
                "hide what other places do"};
  }
  Finding moved = JudgeError(PrefixMove(subject), kSameKernels);
  if (!moved.passed) {
    absl::StrAppend(&moved.found, " with what follows the beginning");
  }
  return moved;
}

// Makes the vector of one piece infinite for as long as it lives. The table is
// the trace's own.
class InfinitePiece {
 public:
  InfinitePiece(const at::Tensor& table, std::int64_t id)
      : row_(table[id]), kept_(row_.clone()) {
    row_.fill_(std::numeric_limits<double>::infinity());
  }
  ~InfinitePiece() { row_.copy_(kept_); }

  InfinitePiece(const InfinitePiece&) = delete;
  InfinitePiece& operator=(const InfinitePiece&) = delete;

 private:
  const c10::InferenceMode no_gradients_;
  at::Tensor row_;
  const at::Tensor kept_;
};

// A piece that none of `sequences` has, nor padding is.
std::optional<std::int64_t> UnusedPiece(const Subject& subject,
                                        const std::vector<Sequence>& sequences,
                                        std::int64_t rows) {
  for (std::int64_t id = 0; id < rows; ++id) {
    const bool used =
        std::ranges::any_of(sequences, [id](const Sequence& sequence) {
          return std::ranges::find(sequence.ids, id) != sequence.ids.end();
        });
    if (!used && id != subject.config.padding_id) return id;
  }
  return std::nullopt;
}

// The largest error of sequences that have a neighbour of infinite pieces in
// their row.
absl::StatusOr<double> InfinityError(Subject& subject, const at::Tensor& table,
                                     std::int64_t id) {
  std::vector<Sequence> members = MixedProbes(subject);
  members.insert(members.begin() + 1, Sequence{.ids = {id, id}});
  absl::StatusOr<LayerTensors> layers;
  {
    const InfinitePiece infinite(table, id);
    layers = RunPacked(subject, members);
  }
  STRATA_RETURN_IF_ERROR(layers.status());
  return PackedError(subject, *layers, members, {0, 2, 3});
}

}  // namespace

Finding CheckPackingExact(Subject& subject) {
  const MaskForm form = subject.report.mask_form;
  if (form != MaskForm::kPairs && form != MaskForm::kDict) {
    return {.passed = false,
            .found =
                "no mask that says for each place which it sees, so each "
                "sequence has a row of its own"};
  }
  const std::vector<Sequence> probes = MixedProbes(subject);
  const auto packed = RunPacked(subject, probes);
  if (!packed.ok()) {
    return {.passed = false, .found = std::string(packed.status().message())};
  }
  Finding finding = JudgeError(PackedError(subject, *packed, probes, {0, 1, 2}),
                               RoundingTolerance(subject.report.dtype));
  if (finding.passed) {
    const Finding moved =
        JudgeError(NeighbourError(subject, *packed), kSameKernels);
    if (!moved.passed) {
      finding = moved;
      absl::StrAppend(&finding.found, " beside other neighbours");
    }
  }
  subject.report.packing_exact = finding.passed;
  if (!finding.passed) {
    absl::StrAppend(&finding.found, ": each sequence has a row of its own");
  }
  return finding;
}

Finding CheckPrefixSharingExact(Subject& subject) {
  if (!subject.report.packing_exact) {
    return {.passed = false, .found = "that sequences cannot share a row"};
  }
  const double tolerance = RoundingTolerance(subject.report.dtype);
  Finding finding = JudgeError(SharingError(subject), tolerance);
  if (finding.passed && tolerance > kSameKernels) {
    const Finding sharper = JudgeSharingWithoutRounding(subject);
    if (!sharper.passed) finding = sharper;
  }
  subject.report.prefix_sharing_exact = finding.passed;
  if (!finding.passed) {
    absl::StrAppend(&finding.found,
                    ": what sequences begin with is computed for each");
  }
  return finding;
}

// Passes whatever it sees: what it looks for is seldom there, and nothing is
// wrong with a trace where it is not.
Finding CheckInfinityContained(Subject& subject) {
  if (!subject.report.packing_exact) {
    return {.passed = true, .found = "no packed rows to look at"};
  }
  const std::optional<at::Tensor> table = subject.trace.EmbeddingTable();
  if (!table.has_value()) {
    return {.passed = true,
            .found = "no embedding to make infinite, so taken for leaking"};
  }
  const std::optional<std::int64_t> id =
      UnusedPiece(subject, MixedProbes(subject), table->size(0));
  if (!id.has_value()) {
    return {.passed = true,
            .found = "too few pieces to look at, so taken for leaking"};
  }
  const absl::StatusOr<double> error = InfinityError(subject, *table, *id);
  if (!error.ok()) {
    return {.passed = false, .found = std::string(error.status().message())};
  }
  subject.report.infinity_contained =
      *error <= RoundingTolerance(subject.report.dtype);
  return {.passed = true,
          .found = subject.report.infinity_contained
                       ? absl::StrCat("contained: a relative error of ", *error)
                       : "it reaches the others in its row, as in nearly every "
                         "model; no fault of this one"};
}

}  // namespace strata
