// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/subject.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
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

absl::StatusOr<ForwardOutputs> RunForward(const Subject& subject,
                                          const Trace& trace,
                                          std::span<const Sequence> sequences) {
  std::vector<const Sequence*> members;
  BatchPlan plan;
  for (const Sequence& sequence : sequences) {
    plan.rows.push_back({.members = {static_cast<int>(members.size())}});
    plan.length = std::max(plan.length, sequence.pieces());
    members.push_back(&sequence);
  }
  STRATA_ASSIGN_OR_RETURN(const RowTensors rows, CallTorch([&] {
                            return AssembleRows(
                                members, plan, subject.report.mask_form,
                                subject.config.padding_id, at::kCPU);
                          }));
  return trace.Forward(rows);
}

absl::StatusOr<LayerTensors> RunRows(const Subject& subject, const Trace& trace,
                                     std::span<const Sequence> sequences) {
  STRATA_ASSIGN_OR_RETURN(ForwardOutputs outputs,
                          RunForward(subject, trace, sequences));
  return std::move(outputs.layers);
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

double RelativeError(std::span<const at::Tensor> layers, int row,
                     std::span<const at::Tensor> alone) {
  if (layers.size() != alone.size()) return std::nan("");
  double largest = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const at::Tensor theirs = alone[i][0].to(at::kDouble);
    const at::Tensor ours =
        layers[i][row].narrow(0, 0, theirs.size(0)).to(at::kDouble);
    const auto error =
        ((ours - theirs).norm(2, {-1}) / theirs.norm(2, {-1}).clamp_min(1e-30))
            .max()
            .item<double>();
    if (std::isnan(error)) return error;
    largest = std::max(largest, error);
  }
  return largest;
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
