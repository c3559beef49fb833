// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_TENSOR_MASKED_ATTENTION_H_
#define STRATA_CORE_TENSOR_MASKED_ATTENTION_H_

#include <optional>

#include "torch/script.h"

namespace strata {

// aten::scaled_dot_product_attention on a CPU, for masks that hide much: where
// texts share a row each sees only itself, and a decoder's pieces none that
// come later. LibTorch computes the scores of all keys and then adds the mask;
// this one passes over blocks of keys that it hides from a block of queries
// (deploy/adr/0024).
//
// These functions may throw c10::Error (see CallTorch), and may be called from
// any thread.

// Whether this processor has the kernels: x86-64 with AVX2 and FMA.
bool HasMaskedAttention();

// softmax(query * key^T * scale + mask) * value: float32 query [B, H, L, E],
// key and value [B, H, S, E], E a multiple of 16 and in one piece; mask [L, S],
// or [B, H, L, S] or what can be broadcast to it, float32 or bool (true: seen).
// `scale` is 1 / sqrt(E) if it is not given. The result, [B, H, L, E], lies in
// memory as `query` does. Anything else, and all on a processor without the
// kernels, is LibTorch's to compute.
//
// A query that sees nothing: what the mask adds decides, as in LibTorch; zeros
// where that is minus infinity. In graphs, "strata::masked_attention".
at::Tensor MaskedAttention(const at::Tensor& query, const at::Tensor& key,
                           const at::Tensor& value, const at::Tensor& mask,
                           std::optional<double> scale);

}  // namespace strata

#endif  // STRATA_CORE_TENSOR_MASKED_ATTENTION_H_
