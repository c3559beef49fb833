// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/batch/request.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <vector>

#include "core/base/host_tensor.h"

namespace strata {

std::vector<std::int64_t> OutputShape(const OutputSpec& spec,
                                      const Sequence& sequence,
                                      const OutputWidths& widths) {
  const bool logits = spec.kind == OutputKind::kLogits;
  std::vector<std::int64_t> shape;
  if (!logits) shape.push_back(std::ssize(spec.layers));
  if (spec.pooling == Pooling::kNone) {
    shape.push_back(spec.positions.empty() ? sequence.pieces()
                                           : std::ssize(spec.positions));
  } else if (spec.pooling == Pooling::kSpans) {
    shape.push_back(std::ssize(sequence.spans));
  }
  const int width = logits ? widths.logits : widths.hidden_states;
  shape.push_back(spec.dimensions == 0 ? width : spec.dimensions);
  return shape;
}

std::vector<int> PiecesOf(std::span<const Sequence* const> sequences) {
  std::vector<int> pieces;
  pieces.reserve(sequences.size());
  for (const Sequence* sequence : sequences) {
    pieces.push_back(sequence->pieces());
  }
  return pieces;
}

int LayersOf(std::span<const Sequence* const> sequences) {
  int layers = 0;
  for (const Sequence* sequence : sequences) {
    layers = std::max(layers, sequence->layers);
  }
  return layers;
}

std::int64_t OutputSelections(const Sequence& sequence) {
  std::int64_t selections = 0;
  for (const OutputSpec& spec : *sequence.outputs) {
    const std::int64_t vectors =
        spec.pooling == Pooling::kSpans ? std::ssize(sequence.spans) : 1;
    const std::int64_t layers =
        spec.kind == OutputKind::kLogits ? 1 : std::ssize(spec.layers);
    selections += (layers * vectors) + std::ssize(spec.positions);
  }
  return selections;
}

int LayersWanted(const std::vector<OutputSpec>& outputs, int depth) {
  int layers = 1;
  for (const OutputSpec& spec : outputs) {
    if (spec.kind == OutputKind::kLogits) return depth;
    for (const int layer : spec.layers) layers = std::max(layers, layer + 1);
  }
  return layers;
}

std::int64_t OutputBytes(const Sequence& sequence, const OutputWidths& widths) {
  std::int64_t bytes = 0;
  for (const OutputSpec& spec : *sequence.outputs) {
    const auto shape = OutputShape(spec, sequence, widths);
    bytes += std::accumulate(shape.begin(), shape.end(), ByteSize(spec.dtype),
                             std::multiplies<>());
  }
  return bytes;
}

}  // namespace strata
