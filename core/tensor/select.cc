// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/tensor/select.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "core/base/host_tensor.h"
#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "core/tensor/forward_outputs.h"
#include "core/tensor/scalar_type.h"
#include "core/tensor/views.h"
#include "torch/script.h"

namespace strata {
namespace {

// So that readers may use aligned vector loads.
constexpr std::int64_t kAlignment = 64;
// Below this a vector counts as zero and stays what it is.
constexpr double kSmallestNorm = 1e-12;

// An output's place in the buffer; of no bytes where it is a view.
struct Place {
  std::vector<std::int64_t> shape;
  std::int64_t offset = 0;
  std::int64_t bytes = 0;
};

OutputWidths WidthsOf(const ForwardOutputs& outputs) {
  const at::Tensor& logits = outputs.logits;
  return {.hidden_states = static_cast<int>(outputs.layers[0].size(-1)),
          .logits = logits.defined() ? static_cast<int>(logits.size(-1)) : 0};
}

// Where everything goes: for each sequence, for each of its outputs.
struct Layout {
  std::vector<std::vector<Place>> places;
  std::int64_t bytes = 0;
};

Layout LayOut(std::span<const Sequence* const> sequences,
              const OutputWidths& widths, const Views& views) {
  Layout layout;
  for (const Sequence* sequence : sequences) {
    std::vector<Place>& places = layout.places.emplace_back();
    for (const OutputSpec& spec : *sequence->outputs) {
      Place place{.shape = OutputShape(spec, *sequence, widths),
                  .offset = layout.bytes};
      if (!views.Shows(spec)) {
        place.bytes =
            std::accumulate(place.shape.begin(), place.shape.end(),
                            ByteSize(spec.dtype), std::multiplies<>());
      }
      layout.bytes += (place.bytes + kAlignment - 1) / kAlignment * kAlignment;
      places.push_back(std::move(place));
    }
  }
  return layout;
}

// `states`, [P, W], only at `positions`, which may count from the end.
at::Tensor AtPositions(const at::Tensor& states,
                       const std::vector<int>& positions) {
  if (positions.empty()) return states;
  std::vector<std::int64_t> indices;
  indices.reserve(positions.size());
  for (const int position : positions) {
    indices.push_back(position < 0 ? position + states.size(0) : position);
  }
  return states.index_select(0, at::tensor(indices).to(states.device()));
}

// Mean over the pieces, summed in fp32: [W] of [P, W].
at::Tensor Mean(const at::Tensor& states) {
  return states.mean(0, /*keepdim=*/false, at::kFloat);
}

// Mean over the pieces of each span: [spans, W] of [P, W].
at::Tensor SpanMeans(const at::Tensor& states,
                     const std::vector<PieceSpan>& spans) {
  std::vector<at::Tensor> means;
  means.reserve(spans.size());
  for (const PieceSpan& span : spans) {
    means.push_back(Mean(states.slice(0, span.begin, span.end)));
  }
  return at::stack(means);
}

// What `spec` makes of a sequence's `states`, [P, W]: [P, W] or [W] or
// [spans, W]. Poolings accumulate in fp32.
at::Tensor Pool(const at::Tensor& states, const OutputSpec& spec,
                const Sequence& sequence) {
  switch (spec.pooling) {
    case Pooling::kNone:
      return AtPositions(states, spec.positions);
    case Pooling::kFirst:
      return states[0];
    case Pooling::kLast:
      return states[-1];
    case Pooling::kMax:
      return states.amax(0);
    case Pooling::kMean:
      return Mean(states);
    case Pooling::kSpans:
      return SpanMeans(states, sequence.spans);
  }
  return states;
}

// Divides in fp32, before any cast.
at::Tensor Normalize(const at::Tensor& vectors) {
  const at::Tensor exact = vectors.to(at::kFloat);
  return exact / exact.norm(2, {-1}, /*keepdim=*/true).clamp_min(kSmallestNorm);
}

// What `spec` makes of `states`, [pieces, width], before the cast.
at::Tensor Vectors(at::Tensor states, const OutputSpec& spec,
                   const Sequence& sequence) {
  if (spec.dimensions > 0) states = states.narrow(1, 0, spec.dimensions);
  at::Tensor vectors = Pool(states, spec, sequence);
  return spec.normalize ? Normalize(vectors) : vectors;
}

// What a forward gave, [B, T, W], for the `pieces` of a sequence: [P, W].
at::Tensor StatesAt(const at::Tensor& batch, const SequencePlace& place,
                    int pieces) {
  const at::Tensor row = batch[place.row];
  at::Tensor rest = row.narrow(0, place.begin, pieces - place.shared);
  if (place.shared == 0) return rest;
  return at::cat({row.narrow(0, 0, place.shared), rest});
}

// Fills `place` of `buffer`, uint8, with what `spec` asks of `sequence`, which
// lies at `source`.
void Write(const OutputSpec& spec, const Sequence& sequence,
           const ForwardOutputs& outputs, const SequencePlace& source,
           const Place& place, const at::Tensor& buffer) {
  const bool logits = spec.kind == OutputKind::kLogits;
  TORCH_CHECK(!logits || outputs.logits.defined(),
              "the forward gave no logits");
  if (place.bytes == 0) return;  // A view, or no spans were given.
  const at::Tensor target = buffer.narrow(0, place.offset, place.bytes)
                                .view(ToScalarType(spec.dtype))
                                .view(place.shape);
  const auto states = [&](const at::Tensor& batch) {
    return StatesAt(batch, source, sequence.pieces());
  };
  if (logits) {
    target.copy_(Vectors(states(outputs.logits), spec, sequence));
    return;
  }
  std::int64_t index = 0;
  for (const int layer : spec.layers) {
    target[index++].copy_(
        Vectors(states(outputs.layers[layer]), spec, sequence));
  }
}

// `buffer` in host memory; on the CPU itself. Waits for the device.
at::Tensor ToHost(const at::Tensor& buffer) {
  if (buffer.device().is_cpu()) return buffer;
  const at::Tensor host = at::empty(
      buffer.sizes(), at::TensorOptions().dtype(at::kByte).pinned_memory(true));
  host.copy_(buffer);
  return host;
}

}  // namespace

std::vector<std::vector<HostTensor>> SelectOutputs(
    const ForwardOutputs& outputs, std::span<const Sequence* const> sequences,
    const BatchPlan& plan) {
  const Views views = Views::Find(outputs, sequences);
  const Layout layout = LayOut(sequences, WidthsOf(outputs), views);
  const at::Tensor buffer =
      at::empty({layout.bytes}, outputs.layers[0].options().dtype(at::kByte));
  const std::vector<SequencePlace> sources =
      PlacesOf(plan, PiecesOf(sequences));
  std::vector<std::vector<HostTensor>> results;
  for (std::size_t member = 0; member < sequences.size(); ++member) {
    const Sequence& sequence = *sequences[member];
    results.push_back(views.Of(sequence, sources[member]));
    for (std::size_t i = 0; i < sequence.outputs->size(); ++i) {
      Write((*sequence.outputs)[i], sequence, outputs, sources[member],
            layout.places[member][i], buffer);
    }
  }

  const auto host = std::make_shared<const at::Tensor>(ToHost(buffer));
  const auto* data = static_cast<const std::byte*>(host->const_data_ptr());
  for (std::size_t member = 0; member < sequences.size(); ++member) {
    for (std::size_t i = 0; i < layout.places[member].size(); ++i) {
      const Place& place = layout.places[member][i];
      HostTensor& tensor = results[member][i];
      tensor.dtype = (*sequences[member]->outputs)[i].dtype;
      tensor.shape = place.shape;
      if (place.bytes == 0) continue;
      tensor.owner = host;
      tensor.owner_bytes = layout.bytes;
      tensor.blocks = {
          {data + place.offset, static_cast<std::size_t>(place.bytes)}};
    }
  }
  return results;
}

}  // namespace strata
