// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_BATCH_REQUEST_H_
#define STRATA_CORE_BATCH_REQUEST_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "core/base/host_tensor.h"
#include "core/base/observer.h"

namespace strata {

// How the pieces of a sequence become one vector. See strata.v1.Pooling.
enum class Pooling { kNone, kMean, kFirst, kLast, kMax, kSpans };

// What an output is made of. See strata.v1.OutputKind.
enum class OutputKind { kHiddenStates, kLogits };

// A half-open range of pieces.
struct PieceSpan {
  std::int64_t begin = 0;
  std::int64_t end = 0;

  friend bool operator==(const PieceSpan&, const PieceSpan&) = default;
};

// One output wanted for a sequence, checked against its model: every index is
// in range and none is negative.
struct OutputSpec {
  std::string name;
  OutputKind kind = OutputKind::kHiddenStates;
  // Indices into the trace's layers, 0 the embedding output; at least one, but
  // none for logits.
  std::vector<int> layers;
  // With kNone: only these pieces, negative from the sequence's end (sequences
  // differ in length, so these stay relative). Empty: all.
  std::vector<int> positions;
  Pooling pooling = Pooling::kNone;
  // Divide each vector by its L2 norm, after `dimensions`.
  bool normalize = false;
  // Only the first channels; 0: all.
  int dimensions = 0;
  DataType dtype = DataType::kFloat32;
};

// One sequence of pieces and what is wanted of it: the unit that is batched.
struct Sequence {
  // Vocabulary identifiers, checked to be inside the vocabulary; at least one.
  std::vector<std::int64_t> ids;
  // As long as `ids`, or empty: 0, 1, 2, ...
  std::vector<std::int64_t> positions;
  // As long as `ids`, or empty: 0.
  std::vector<std::int64_t> type_ids;
  // For Pooling::kSpans; inside `ids`.
  std::vector<PieceSpan> spans;
  // Layers that `outputs` want computed, from the first; the embedding output
  // counts, and logits take all. Unset: all.
  int layers = std::numeric_limits<int>::max();
  // At least one; shared by the sequences of a request.
  std::shared_ptr<const std::vector<OutputSpec>> outputs;

  int pieces() const { return static_cast<int>(ids.size()); }
};

// Whether a forward gives the same for both.
inline bool SamePieces(const Sequence& a, const Sequence& b) {
  return a.ids == b.ids && a.positions == b.positions &&
         a.type_ids == b.type_ids;
}

// Lengths of `sequences`.
std::vector<int> PiecesOf(std::span<const Sequence* const> sequences);

// Layers that a forward of `sequences` computes: as many as any of them wants.
int LayersOf(std::span<const Sequence* const> sequences);

// What became of a sequence on a device.
struct Computed {
  // One for each of its OutputSpecs.
  std::vector<HostTensor> outputs;
  // The forward that carried it.
  BatchInfo batch;
  // Time from the queue's door to the start of the forward, and from there to
  // its outputs in host memory, with what went in between.
  absl::Duration queue;
  absl::Duration compute;
};

// Channels of a model's outputs of each kind.
struct OutputWidths {
  int hidden_states = 0;
  // The vocabulary. 0: the model has no logits.
  int logits = 0;
};

// Shape of the tensor that `spec` yields for `sequence`: [layers, pieces,
// width], pooled [layers, width], spans [layers, spans, width]; of logits the
// same without layers, the vocabulary being the width.
std::vector<std::int64_t> OutputShape(const OutputSpec& spec,
                                      const Sequence& sequence,
                                      const OutputWidths& widths);

// Selections that the outputs of `sequence` take on the device: for each
// output, its layers (logits count as one), times its spans where it pools by
// them, and its positions. Each costs about as much as another, however few
// numbers it yields.
std::int64_t OutputSelections(const Sequence& sequence);

// Layers that `outputs` want of a model of `depth` layers, from the first: up
// to the deepest that they name, or all for logits.
int LayersWanted(const std::vector<OutputSpec>& outputs, int depth);

// Bytes of all outputs of `sequence`.
std::int64_t OutputBytes(const Sequence& sequence, const OutputWidths& widths);

}  // namespace strata

#endif  // STRATA_CORE_BATCH_REQUEST_H_
