// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_TENSOR_VIEWS_H_
#define STRATA_CORE_TENSOR_VIEWS_H_

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "core/base/host_tensor.h"
#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "core/tensor/forward_outputs.h"
#include "torch/script.h"

namespace strata {

// The outputs of a batch that need no copy: what a forward on the CPU gave,
// number for number, where it lies.
//
// They keep whole layers alive until the last of them has been sent. So there
// are none in a batch whose layers hold more than twice what they would show:
// a caller who reads slowly would keep many times the memory that it was
// admitted with. Nor are there any of layers that the next forward overwrites.
//
//   const Views views = Views::Find(outputs, sequences);
//   views.Shows(spec);              // every piece of layers, as they are
//   views.Of(sequence, place)[0];   // points into outputs' layers
class Views {
 public:
  static Views Find(const ForwardOutputs& outputs,
                    std::span<const Sequence* const> sequences);

  // Whether the outputs of this batch that are asked for so are views.
  [[nodiscard]] bool Shows(const OutputSpec& spec) const;

  // One for each of the outputs of `sequence`, which lies at `place`: with its
  // numbers where it is a view, else empty. Types and shapes are left to the
  // caller.
  [[nodiscard]] std::vector<HostTensor> Of(const Sequence& sequence,
                                           const SequencePlace& place) const;

 private:
  using Layers = std::vector<at::Tensor>;

  // `bytes`: those of the layers' memory.
  Views(std::shared_ptr<const Layers> layers, std::int64_t bytes)
      : layers_(std::move(layers)), bytes_(bytes) {}

  // What a forward gave, undefined where no view needs it; nullptr where there
  // are no views.
  std::shared_ptr<const Layers> layers_;
  std::int64_t bytes_;
};

}  // namespace strata

#endif  // STRATA_CORE_TENSOR_VIEWS_H_
