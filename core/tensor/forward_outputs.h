// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_TENSOR_FORWARD_OUTPUTS_H_
#define STRATA_CORE_TENSOR_FORWARD_OUTPUTS_H_

#include <vector>

#include "torch/script.h"

namespace strata {

// What a forward gives for the rows of a batch.
struct ForwardOutputs {
  // The embedding output and each layer's, [B, T, W].
  std::vector<at::Tensor> layers;
  // Scores over the vocabulary, [B, T, V]; undefined where there are none, or
  // none were chosen.
  at::Tensor logits;
  // What stands beside the layers and may be logits, [B, T, *]; undefined in
  // the place of anything else.
  std::vector<at::Tensor> beside;
  // Whether they may lie in memory that the next forward writes to.
  bool overwritten_later = false;
};

}  // namespace strata

#endif  // STRATA_CORE_TENSOR_FORWARD_OUTPUTS_H_
