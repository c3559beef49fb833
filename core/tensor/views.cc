// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/tensor/views.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "core/base/host_tensor.h"
#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "core/tensor/forward_outputs.h"
#include "core/tensor/scalar_type.h"
#include "torch/script.h"

namespace strata {
namespace {

// Most bytes that are kept for one that is shown.
constexpr std::int64_t kMostKept = 2;

// Whether `spec` asks for all of its layers' numbers.
bool AsksForAll(const OutputSpec& spec) {
  return spec.kind == OutputKind::kHiddenStates &&
         spec.pooling == Pooling::kNone && spec.positions.empty() &&
         !spec.normalize && spec.dimensions == 0;
}

// Whether a sequence's places of `layer` are one block of memory.
bool IsReady(const at::Tensor& layer, DataType dtype) {
  return layer.defined() && layer.device().is_cpu() && layer.is_contiguous() &&
         layer.scalar_type() == ToScalarType(dtype);
}

bool CanShow(const std::vector<at::Tensor>& layers, const OutputSpec& spec) {
  return AsksForAll(spec) &&
         std::ranges::all_of(spec.layers, [&](const int layer) {
           return IsReady(layers[layer], spec.dtype);
         });
}

std::int64_t BytesOfPlaces(const at::Tensor& layer, std::int64_t places) {
  return places * layer.size(-1) *
         static_cast<std::int64_t>(layer.element_size());
}

}  // namespace

Views Views::Find(const ForwardOutputs& outputs,
                  std::span<const Sequence* const> sequences) {
  if (outputs.overwritten_later) return {nullptr, 0};
  auto kept = std::make_shared<Layers>(outputs.layers.size());
  std::int64_t shown = 0;
  for (const Sequence* sequence : sequences) {
    for (const OutputSpec& spec : *sequence->outputs) {
      if (!CanShow(outputs.layers, spec)) continue;
      for (const int index : spec.layers) {
        const at::Tensor& layer = outputs.layers[index];
        (*kept)[index] = layer;
        shown += BytesOfPlaces(layer, sequence->pieces());
      }
    }
  }
  // Layers may lie in one memory.
  std::set<const void*> counted;
  std::int64_t held = 0;
  for (const at::Tensor& layer : *kept) {
    if (!layer.defined()) continue;
    if (!counted.insert(layer.storage().data()).second) continue;
    held += static_cast<std::int64_t>(layer.storage().nbytes());
  }
  if (shown == 0 || held > kMostKept * shown) return {nullptr, 0};
  return {std::move(kept), held};
}

bool Views::Shows(const OutputSpec& spec) const {
  return layers_ != nullptr && CanShow(*layers_, spec);
}

std::vector<HostTensor> Views::Of(const Sequence& sequence,
                                  const SequencePlace& place) const {
  std::vector<HostTensor> tensors(sequence.outputs->size());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const OutputSpec& spec = (*sequence.outputs)[i];
    if (!Shows(spec)) continue;
    tensors[i].owner = layers_;
    tensors[i].owner_bytes = bytes_;
    for (const int index : spec.layers) {
      const at::Tensor& layer = (*layers_)[index];
      const auto show = [&](std::int64_t begin, std::int64_t pieces) {
        if (pieces == 0) return;
        const auto* data =
            static_cast<const std::byte*>(layer.const_data_ptr());
        const std::int64_t before = (place.row * layer.size(1)) + begin;
        tensors[i].blocks.emplace_back(
            data + BytesOfPlaces(layer, before),
            static_cast<std::size_t>(BytesOfPlaces(layer, pieces)));
      };
      show(0, place.shared);
      show(place.begin, sequence.pieces() - place.shared);
    }
  }
  return tensors;
}

}  // namespace strata
