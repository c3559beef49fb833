// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/attention.h"

#include <memory>
#include <vector>

#include "core/model/graph.h"
#include "core/tensor/masked_attention.h"
#include "torch/csrc/jit/runtime/graph_iterator.h"
#include "torch/script.h"

namespace strata {
namespace {

using torch::jit::Node;

template <typename T>
bool IsConstant(const Node& node, const char* input, T value) {
  return torch::jit::constant_as<T>(node.namedInput(input)) == value;
}

bool MayReplace(const Node& node) {
  return node.kind() == c10::aten::scaled_dot_product_attention &&
         // Neither none nor what may be.
         node.namedInput("attn_mask")
             ->type()
             ->isSubtypeOf(*c10::TensorType::get()) &&
         IsConstant(node, "dropout_p", 0.0) &&
         IsConstant(node, "is_causal", false) &&
         IsConstant(node, "enable_gqa", false);
}

}  // namespace

int ReplaceAttention(std::shared_ptr<torch::jit::Graph> graph) {
  if (!HasMaskedAttention()) return 0;
  std::vector<Node*> found;
  torch::jit::DepthFirstGraphNodeIterator nodes(graph);
  while (Node* const node = nodes.next()) {
    if (MayReplace(*node)) found.push_back(node);
  }
  for (Node* const node : found) {
    ReplaceNode(*node, "strata::masked_attention",
                {node->namedInput("query"), node->namedInput("key"),
                 node->namedInput("value"), node->namedInput("attn_mask"),
                 node->namedInput("scale")});
  }
  return static_cast<int>(found.size());
}

}  // namespace strata
