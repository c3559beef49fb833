// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <numeric>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/model/checks.h"
#include "core/model/report.h"
#include "core/model/subject.h"
#include "core/tensor/rows.h"

namespace strata {
namespace {

constexpr int kPieces = 11;

// The relative error of a sequence whose positions count down against itself
// with the usual ones. Rotary embeddings see differences of positions only,
// so that moving all of them alike would change nothing.
absl::StatusOr<double> ReversalError(Subject& subject) {
  Sequence sequence = Probe(subject, kPieces, 0);
  sequence.positions.resize(sequence.ids.size());
  std::iota(sequence.positions.rbegin(), sequence.positions.rend(), 0);
  STRATA_ASSIGN_OR_RETURN(const RowTensors rows,
                          LayRows(subject, {&sequence, 1}));
  STRATA_ASSIGN_OR_RETURN(const LayerTensors layers, RunWhole(subject, rows));
  return ErrorAgainstAlone(subject, layers, 0, 0, sequence);
}

}  // namespace

Finding CheckPositionsMatter(Subject& subject) {
  const bool taken =
      std::ranges::find(subject.report.arguments, ArgumentRole::kPositions,
                        &Argument::role) != subject.report.arguments.end();
  if (!taken) return {.passed = true, .found = "takes none"};
  const absl::StatusOr<double> error = ReversalError(subject);
  if (!error.ok()) {
    return {.passed = false, .found = std::string(error.status().message())};
  }
  subject.report.positions_matter =
      *error > RoundingTolerance(subject.report.dtype);
  return {.passed = subject.report.positions_matter,
          .found = subject.report.positions_matter
                       ? absl::StrCat("reversed, they move results by ", *error)
                       : "the same results with them reversed: they are "
                         "ignored"};
}

}  // namespace strata
