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
#include "torch/script.h"

namespace strata {
namespace {

// So that readers may use aligned vector loads.
constexpr std::int64_t kAlignment = 64;
// Below this a vector counts as zero and stays what it is.
constexpr double kSmallestNorm = 1e-12;

at::ScalarType ToScalarType(DataType dtype) {
  switch (dtype) {
    case DataType::kFloat32:
      return at::kFloat;
    case DataType::kFloat16:
      return at::kHalf;
    case DataType::kBFloat16:
      return at::kBFloat16;
  }
  return at::kFloat;
}

// An output's place in the buffer.
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
              const OutputWidths& widths) {
  Layout layout;
  for (const Sequence* sequence : sequences) {
    std::vector<Place>& places = layout.places.emplace_back();
    for (const OutputSpec& spec : *sequence->outputs) {
      Place place{.shape = OutputShape(spec, *sequence, widths),
                  .offset = layout.bytes};
      place.bytes = std::accumulate(place.shape.begin(), place.shape.end(),
                                    ByteSize(spec.dtype), std::multiplies<>());
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

// Fills `place` of `buffer`, uint8, with what `spec` asks of `sequence`, which
// lies at `begin` of `row`.
void Write(const OutputSpec& spec, const Sequence& sequence,
           const ForwardOutputs& outputs, std::int64_t row, std::int64_t begin,
           const Place& place, const at::Tensor& buffer) {
  const bool logits = spec.kind == OutputKind::kLogits;
  TORCH_CHECK(!logits || outputs.logits.defined(),
              "the forward gave no logits");
  if (place.bytes == 0) return;  // No spans were given.
  const at::Tensor target = buffer.narrow(0, place.offset, place.bytes)
                                .view(ToScalarType(spec.dtype))
                                .view(place.shape);
  const auto states = [&](const at::Tensor& batch) {
    return batch[row].narrow(0, begin, sequence.pieces());
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
  const Layout layout = LayOut(sequences, WidthsOf(outputs));
  const at::Tensor buffer =
      at::empty({layout.bytes}, outputs.layers[0].options().dtype(at::kByte));
  for (std::size_t row = 0; row < plan.rows.size(); ++row) {
    std::int64_t begin = 0;
    for (const int member : plan.rows[row].members) {
      const Sequence& sequence = *sequences[member];
      for (std::size_t i = 0; i < sequence.outputs->size(); ++i) {
        Write((*sequence.outputs)[i], sequence, outputs,
              static_cast<std::int64_t>(row), begin, layout.places[member][i],
              buffer);
      }
      begin += sequence.pieces();
    }
  }

  const auto host = std::make_shared<const at::Tensor>(ToHost(buffer));
  const auto* data = static_cast<const std::byte*>(host->const_data_ptr());
  std::vector<std::vector<HostTensor>> results(sequences.size());
  for (std::size_t member = 0; member < sequences.size(); ++member) {
    for (std::size_t i = 0; i < layout.places[member].size(); ++i) {
      const Place& place = layout.places[member][i];
      results[member].push_back(
          {.dtype = (*sequences[member]->outputs)[i].dtype,
           .shape = place.shape,
           .owner = host,
           .data = {data + place.offset,
                    static_cast<std::size_t>(place.bytes)}});
    }
  }
  return results;
}

}  // namespace strata
