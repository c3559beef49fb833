// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_GRAPH_H_
#define STRATA_CORE_MODEL_GRAPH_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "torch/script.h"

namespace strata {

// What is done to the graph of a trace's forward. These functions may throw
// c10::Error (see CallTorch).

// A copy of `module`'s forward that holds the bodies of its submodules.
std::shared_ptr<torch::jit::Graph> InlinedForward(
    const torch::jit::Module& module);

// Makes `graph` run on `device`: the device that a trace was made on is written
// all over it, as constants, in nested blocks too. Tensor constants move;
// numbers (tensors without dimensions) may stay where they are.
void PlaceGraph(torch::jit::Graph& graph, at::Device device);

// A copy of `whole` that computes the layers 0 to `deepest` and nothing above,
// and returns them as one flat tuple. nullptr where its output is not a tuple
// or list with that many layers.
std::shared_ptr<torch::jit::Graph> CutGraph(torch::jit::Graph& whole,
                                            int deepest);

// Rows of the embedding table that is indexed with forward's argument number
// `argument` (self not counted); nullopt where none is found.
std::optional<std::int64_t> EmbeddingRows(const torch::jit::Graph& graph,
                                          const torch::jit::Module& module,
                                          int argument);

// The integers from 2 to `most` that are constants in `graph`, in order, each
// once: sizes that are fixed in a trace are among them.
std::vector<int> IntegerConstants(const torch::jit::Graph& graph, int most);

}  // namespace strata

#endif  // STRATA_CORE_MODEL_GRAPH_H_
