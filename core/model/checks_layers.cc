// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/batch/request.h"
#include "core/model/checks.h"
#include "core/model/report.h"
#include "core/model/subject.h"
#include "core/model/trace.h"
#include "core/tensor/forward_outputs.h"
#include "core/tensor/rows.h"

namespace strata {
namespace {

// How far the layers up to `deepest` are from the whole trace's, when nothing
// above them runs.
absl::StatusOr<double> CutError(Subject& subject, int deepest) {
  const std::vector<Sequence> probes = {Probe(subject, 11, 0)};
  STRATA_ASSIGN_OR_RETURN(const Trace cut, subject.trace.Cut(deepest));
  STRATA_ASSIGN_OR_RETURN(const RowTensors rows, LayRows(subject, probes));
  STRATA_ASSIGN_OR_RETURN(const ForwardOutputs ours, cut.Forward(rows));
  STRATA_ASSIGN_OR_RETURN(const LayerTensors whole, RunOnce(subject, probes));
  return RelativeError(ours.layers, std::span(whole).first(deepest + 1));
}

}  // namespace

// The middle shows what the others would: every cut drops what is above it.
Finding CheckLayersCut(Subject& subject) {
  const int layers = subject.report.layers;
  if (layers == 1) {
    return {.passed = false, .found = "a single layer, nothing to leave out"};
  }
  Finding finding =
      JudgeError(CutError(subject, (layers - 1) / 2), kSameKernels);
  subject.report.layers_cut = finding.passed;
  if (!finding.passed) {
    absl::StrAppend(&finding.found, ": every forward runs all layers");
  }
  return finding;
}

}  // namespace strata
