// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_PLACEMENT_H_
#define STRATA_CORE_MODEL_PLACEMENT_H_

#include <string>
#include <vector>

#include "torch/script.h"

namespace strata {

// Where the graph of a trace's forward runs. These functions may throw
// c10::Error (see CallTorch).

// Makes `graph` run on `device`: the device that a trace was made on is written
// all over it, as constants, as words ("cuda:0") and as operators (.cuda()), in
// nested blocks and subgraphs too. What asks a tensor for its device stays.
// Tensor constants move; numbers (tensors without dimensions) may stay where
// they are.
void PlaceGraph(torch::jit::Graph& graph, at::Device device);

// The calls in `graph` whose bodies inlining could not bring into it, as "a
// call of \"forward\" through an interface": PlaceGraph does not reach the
// devices in them.
std::vector<std::string> OutsideCalls(const torch::jit::Graph& graph);

}  // namespace strata

#endif  // STRATA_CORE_MODEL_PLACEMENT_H_
