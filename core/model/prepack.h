// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_PREPACK_H_
#define STRATA_CORE_MODEL_PREPACK_H_

#include <memory>

#include "torch/script.h"

namespace strata {

// Makes the linear layers of `graph`, the inlined forward of `module`,
// prepacked ones (core/tensor/prepacked_linear.h) where their weights are
// stored in `module`, can be prepacked, are not assigned to and serve nothing
// else, such as embedding pieces. Nothing is replaced where the graph does not
// show all that runs (calls through interfaces, forks). `module` then holds
// these weights as PrepackWeight gives them, so its own forward runs no more.
//
// Returns how many layers were replaced; none on a processor without the
// kernels. May throw c10::Error (see CallTorch).
int PrepackLinears(const std::shared_ptr<torch::jit::Graph>& graph,
                   const torch::jit::Module& module);

}  // namespace strata

#endif  // STRATA_CORE_MODEL_PREPACK_H_
