// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_SUBJECT_H_
#define STRATA_CORE_MODEL_SUBJECT_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/clock.h"
#include "core/batch/request.h"
#include "core/model/config.h"
#include "core/model/report.h"
#include "core/model/trace.h"
#include "core/tensor/forward_outputs.h"
#include "core/tensor/mask_form.h"
#include "torch/script.h"

namespace strata {

// A forward's layers, [B, T, W] each.
using LayerTensors = std::vector<at::Tensor>;

// What the checks of an examination look at and write to: a trace on the CPU,
// and what has been found out about it so far. Not thread-safe.
struct Subject {
  Trace& trace;
  const ModelConfig& config;
  // One more than the largest id that the tokenizer gives.
  std::int64_t tokenizer_vocabulary = 0;
  const Clock& clock;
  TraceReport report;
};

// A sequence of random pieces inside the vocabulary, none the padding's: the
// same for the same arguments, on every machine.
Sequence Probe(const Subject& subject, int pieces, std::uint32_t seed);

// Runs `trace`, the subject's or one cut from it, on a row for each of
// `sequences`, padded to the longest, with the mask in the report's form.
absl::StatusOr<ForwardOutputs> RunForward(const Subject& subject,
                                          const Trace& trace,
                                          std::span<const Sequence> sequences);
// The same, its layers alone.
absl::StatusOr<LayerTensors> RunRows(const Subject& subject, const Trace& trace,
                                     std::span<const Sequence> sequences);

// What keeps `layers` from being `rows` rows of `length` hidden states, as
// "layer 1 is [1, 33, 16], not [3, 11, W]"; empty where nothing does.
std::string ShapeProblem(std::span<const at::Tensor> layers, int rows,
                         int length);

// The largest difference of a piece in a layer, ||ours - alone|| / ||alone||,
// between `sequence` in row `row` of `layers` and in a forward of its own,
// whose layers are `alone`. Not-a-number where either is.
double RelativeError(std::span<const at::Tensor> layers, int row,
                     std::span<const at::Tensor> alone);

// How far two computations of the same hidden states may be apart because sums
// are rounded in another order.
double RoundingTolerance(const std::string& dtype);

}  // namespace strata

#endif  // STRATA_CORE_MODEL_SUBJECT_H_
