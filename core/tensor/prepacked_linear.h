// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_TENSOR_PREPACKED_LINEAR_H_
#define STRATA_CORE_TENSOR_PREPACKED_LINEAR_H_

#include <optional>

#include "torch/script.h"

namespace strata {

// A linear layer whose weight was laid out for the CPU's matrix kernels once,
// when it was loaded; aten::linear does that anew in every forward
// (deploy/adr/0012). The kernels are oneDNN's, through at::native::cpublas.
//
// These functions may throw c10::Error (see CallTorch), and may be called from
// any thread.

// Whether this processor has the kernels: x86-64 with AVX2 or more.
bool HasPrepackedLinear();

// Whether `weight` can be prepacked: float32 [N, K] on the CPU, N a multiple
// of 16.
bool CanPrepack(const at::Tensor& weight);

// `weight`, [N, K], as panels of 64 columns of its transpose (the last may be
// narrower), one after the other: float32 [N * K].
at::Tensor PrepackWeight(const at::Tensor& weight);

// input * weight^T + bias: float32 [..., K] to [..., N]. `prepacked` is what
// PrepackWeight gave, `bias` [N]. In graphs, "strata::prepacked_linear".
at::Tensor PrepackedLinear(const at::Tensor& input, const at::Tensor& prepacked,
                           const std::optional<at::Tensor>& bias);

}  // namespace strata

#endif  // STRATA_CORE_TENSOR_PREPACKED_LINEAR_H_
