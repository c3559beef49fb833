// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_ATTENTION_H_
#define STRATA_CORE_MODEL_ATTENTION_H_

#include <memory>

#include "torch/script.h"

namespace strata {

// Makes aten::scaled_dot_product_attention of `graph` the attention that passes
// over what its mask hides (core/tensor/masked_attention.h), where it is sure
// to be given a mask, drops nothing out, and neither is causal by itself nor
// told to share heads of keys among heads of queries (enable_gqa).
//
// Returns how many were replaced; none on a processor without the kernels.
int ReplaceAttention(std::shared_ptr<torch::jit::Graph> graph);

}  // namespace strata

#endif  // STRATA_CORE_MODEL_ATTENTION_H_
