// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_SUBJECT_H_
#define STRATA_CORE_MODEL_SUBJECT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/clock.h"
#include "core/batch/request.h"
#include "core/model/config.h"
#include "core/model/report.h"
#include "core/model/trace.h"
#include "core/tensor/forward_outputs.h"
#include "core/tensor/mask_form.h"
#include "core/tensor/rows.h"
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
  TraceReport report = {};
  // Forwards of the whole trace so far; those of a trace cut from it are not
  // counted. They are what an examination costs.
  int forwards = 0;
  // What OutputsOnce ran, by mask and the ids in its rows.
  std::map<std::pair<MaskKind, std::vector<std::vector<std::int64_t>>>,
           absl::StatusOr<ForwardOutputs>>
      runs;
};

// A sequence of random pieces inside the vocabulary, none the padding's: the
// same for the same arguments, on every machine.
Sequence Probe(const Subject& subject, int pieces, std::uint32_t seed);

// Pieces of the longest sequence that every trace is run on: 23, or what
// strata.json says of a model that takes fewer.
int LongestShortProbe(const ModelConfig& config);

// Probes of 11, 7 and 3 pieces: what most checks look at, in a batch, in one
// row or each alone.
std::vector<Sequence> MixedProbes(const Subject& subject);

// Tensors of a row for each of `sequences`, padded to the longest, with the
// mask as the report has it.
absl::StatusOr<RowTensors> LayRows(const Subject& subject,
                                   std::span<const Sequence> sequences);

// Tensors of one row that holds all of `sequences`, one after the other; their
// first `shared` pieces, which are the same, once in front. Error: INTERNAL
// where the report's mask cannot keep them apart.
absl::StatusOr<RowTensors> LayPackedRow(const Subject& subject,
                                        std::span<const Sequence> sequences,
                                        int shared = 0);

// Runs the whole trace: its layers.
absl::StatusOr<LayerTensors> RunWhole(Subject& subject, const RowTensors& rows);

// Runs the whole trace on a row for each of `sequences`, whose positions and
// types are the usual; of the same rows and mask it returns what it found
// before. The reference stays valid as long as `subject`.
const absl::StatusOr<ForwardOutputs>& OutputsOnce(
    Subject& subject, const std::vector<Sequence>& sequences);

// The same, its layers alone.
absl::StatusOr<LayerTensors> RunOnce(Subject& subject,
                                     const std::vector<Sequence>& sequences);

// What keeps `layers` from being `rows` rows of `length` hidden states, as
// "layer 1 is [1, 33, 16], not [3, 11, W]"; empty where nothing does.
std::string ShapeProblem(std::span<const at::Tensor> layers, int rows,
                         int length);

// A stretch of `pieces` places of each layer's row `row`: [1, pieces, W].
LayerTensors Stretch(std::span<const at::Tensor> layers, int row, int begin,
                     int pieces);

// The largest difference of a piece in a layer, ||ours - theirs|| / ||theirs||,
// of layers of the same shapes. Not-a-number where either is, or where they
// are not as many.
double RelativeError(std::span<const at::Tensor> ours,
                     std::span<const at::Tensor> theirs);

// The same between `sequence`, which lies in row `row` of `layers` from place
// `begin` on, and a forward of its own with the usual positions and types.
absl::StatusOr<double> ErrorAgainstAlone(Subject& subject,
                                         std::span<const at::Tensor> layers,
                                         int row, int begin,
                                         const Sequence& sequence);

// The name that reports use for a type of hidden states, as "bfloat16";
// nullopt for one that is not served.
std::optional<std::string> DtypeName(at::ScalarType type);

// How far two forwards of the same shapes may be apart.
constexpr double kSameKernels = 1e-5;

// How far two computations of the same hidden states may be apart because sums
// are rounded in another order.
double RoundingTolerance(const std::string& dtype);

}  // namespace strata

#endif  // STRATA_CORE_MODEL_SUBJECT_H_
