// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/subject.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "core/model/trace.h"
#include "core/tensor/forward_outputs.h"
#include "core/tensor/rows.h"
#include "core/tensor/torch_call.h"
#include "torch/script.h"

namespace strata {
namespace {

std::string ShapeText(const at::Tensor& tensor) {
  return absl::StrCat("[", absl::StrJoin(tensor.sizes(), ", "), "]");
}

std::vector<const Sequence*> PointersTo(std::span<const Sequence> sequences) {
  std::vector<const Sequence*> pointers;
  pointers.reserve(sequences.size());
  for (const Sequence& sequence : sequences) pointers.push_back(&sequence);
  return pointers;
}

absl::StatusOr<RowTensors> Assemble(const Subject& subject,
                                    std::span<const Sequence> sequences,
                                    const BatchPlan& plan) {
  return CallTorch([&] {
    return AssembleRows(PointersTo(sequences), plan, subject.report.mask(),
                        subject.config.padding_id, at::kCPU);
  });
}

// Runs the whole trace, and keeps what it gives: it may be a view of a buffer
// that the next forward overwrites.
absl::StatusOr<ForwardOutputs> Run(Subject& subject, const RowTensors& rows) {
  ++subject.forwards;
  STRATA_ASSIGN_OR_RETURN(ForwardOutputs outputs, subject.trace.Forward(rows));
  return CallTorch([&outputs] {
    for (at::Tensor& layer : outputs.layers) layer = layer.clone();
    for (at::Tensor& tensor : outputs.beside) {
      if (tensor.defined()) tensor = tensor.clone();
    }
    return std::move(outputs);
  });
}

}  // namespace

Sequence Probe(const Subject& subject, int pieces, std::uint32_t seed) {
  // The engine's numbers are the standard's; a distribution's would be each
  // library's own.
  std::mt19937 random(seed);
  const std::int64_t vocabulary =
      std::max<std::int64_t>(1, subject.report.vocabulary_size);
  Sequence sequence;
  for (int i = 0; i < pieces; ++i) {
    auto id = static_cast<std::int64_t>(random()) % vocabulary;
    if (id == subject.config.padding_id) id = (id + 1) % vocabulary;
    sequence.ids.push_back(id);
  }
  return sequence;
}

int LongestShortProbe(const ModelConfig& config) {
  constexpr int kPieces = 23;
  return std::min(kPieces, config.max_pieces.value_or(kPieces));
}

std::vector<Sequence> MixedProbes(const Subject& subject) {
  return {Probe(subject, 11, 0), Probe(subject, 7, 1), Probe(subject, 3, 2)};
}

absl::StatusOr<RowTensors> LayRows(const Subject& subject,
                                   std::span<const Sequence> sequences) {
  return Assemble(subject, sequences,
                  PlanUnpacked(PiecesOf(PointersTo(sequences))));
}

absl::StatusOr<RowTensors> LayPackedRow(const Subject& subject,
                                        std::span<const Sequence> sequences,
                                        int shared) {
  BatchPlan plan{.rows = {{.members = {}, .shared = shared}}, .length = shared};
  for (const Sequence& sequence : sequences) {
    std::vector<int>& members = plan.rows[0].members;
    members.push_back(static_cast<int>(members.size()));
    plan.length += sequence.pieces() - shared;
  }
  return Assemble(subject, sequences, plan);
}

absl::StatusOr<LayerTensors> RunWhole(Subject& subject,
                                      const RowTensors& rows) {
  STRATA_ASSIGN_OR_RETURN(ForwardOutputs outputs, Run(subject, rows));
  return std::move(outputs.layers);
}

const absl::StatusOr<ForwardOutputs>& OutputsOnce(
    Subject& subject, const std::vector<Sequence>& sequences) {
  std::vector<std::vector<std::int64_t>> ids;
  ids.reserve(sequences.size());
  for (const Sequence& sequence : sequences) ids.push_back(sequence.ids);
  const auto key = std::pair(subject.report.mask(), std::move(ids));
  const auto known = subject.runs.find(key);
  if (known != subject.runs.end()) return known->second;
  const absl::StatusOr<RowTensors> rows = LayRows(subject, sequences);
  return subject.runs
      .emplace(key, rows.ok() ? Run(subject, *rows) : rows.status())
      .first->second;
}

absl::StatusOr<LayerTensors> RunOnce(Subject& subject,
                                     const std::vector<Sequence>& sequences) {
  STRATA_ASSIGN_OR_RETURN(const ForwardOutputs outputs,
                          OutputsOnce(subject, sequences));
  return outputs.layers;
}

std::string ShapeProblem(std::span<const at::Tensor> layers, int rows,
                         int length) {
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const at::Tensor& layer = layers[i];
    const bool fits =
        layer.dim() == 3 && layer.size(0) == rows && layer.size(1) == length;
    if (!fits || layer.size(2) != layers[0].size(2)) {
      const std::string width =
          fits ? absl::StrCat(layers[0].size(2)) : std::string("W");
      return absl::StrCat("layer ", i, " is ", ShapeText(layer), ", not [",
                          rows, ", ", length, ", ", width, "]");
    }
  }
  return "";
}

LayerTensors Stretch(std::span<const at::Tensor> layers, int row, int begin,
                     int pieces) {
  LayerTensors stretch;
  stretch.reserve(layers.size());
  for (const at::Tensor& layer : layers) {
    stretch.push_back(layer.narrow(0, row, 1).narrow(1, begin, pieces));
  }
  return stretch;
}

double RelativeError(std::span<const at::Tensor> ours,
                     std::span<const at::Tensor> theirs) {
  if (ours.size() != theirs.size()) return std::nan("");
  double largest = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const at::Tensor exact = theirs[i].to(at::kDouble);
    const auto error = ((ours[i].to(at::kDouble) - exact).norm(2, {-1}) /
                        exact.norm(2, {-1}).clamp_min(1e-30))
                           .max()
                           .item<double>();
    if (std::isnan(error)) return error;
    largest = std::max(largest, error);
  }
  return largest;
}

absl::StatusOr<double> ErrorAgainstAlone(Subject& subject,
                                         std::span<const at::Tensor> layers,
                                         int row, int begin,
                                         const Sequence& sequence) {
  STRATA_ASSIGN_OR_RETURN(const LayerTensors alone,
                          RunOnce(subject, {Sequence{.ids = sequence.ids}}));
  const std::string problem = ShapeProblem(alone, 1, sequence.pieces());
  if (!problem.empty()) return Error(Reason::kForwardFailed, problem);
  return RelativeError(Stretch(layers, row, begin, sequence.pieces()), alone);
}

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

double RoundingTolerance(const std::string& dtype) {
  // Of 16-bit numbers, 16 units in the last place: other shapes choose other
  // kernels, which round sums in another order, and the layers add that up. A
  // trace that is wrong is off by about one, 20 times more than the loosest.
  if (dtype == "bfloat16") return 16.0 / (1 << 8);
  if (dtype == "float16") return 16.0 / (1 << 11);
  return 1e-5;
}

}  // namespace strata
