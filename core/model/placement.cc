// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/placement.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/model/graph.h"
#include "torch/script.h"

namespace strata {
namespace {

namespace attr = c10::attr;
namespace prim = c10::prim;
using torch::jit::Block;
using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Value;

void PlaceConstant(Node& constant, at::Device device) {
  if (!constant.hasAttribute(attr::value)) return;  // None has no value.
  const auto type = constant.output()->type();
  if (type->kind() == c10::TypeKind::DeviceObjType) {
    constant.s_(attr::value, device.str());
  } else if (constant.kindOf(attr::value) == torch::jit::AttributeKind::t &&
             constant.t(attr::value).dim() > 0) {
    constant.t_(attr::value, constant.t(attr::value).to(device));
  }
}

// Whether `node` moves a tensor to a device that its own name says.
bool MovesByName(const Node& node) {
  const std::string name = node.kind().toQualString();
  return name == "aten::cuda" || name == "aten::cpu";
}

// Replaces each device that `node` gives by `device`: one made from a word or
// kept as an attribute. A tensor's own device is right wherever it is.
void PlaceOutputs(Node& node, at::Device device) {
  if (node.kind() == prim::device || !node.blocks().empty()) return;
  for (Value* output : node.outputs()) {
    if (output->type()->kind() != c10::TypeKind::DeviceObjType) continue;
    const torch::jit::WithInsertPoint before(&node);
    output->replaceAllUsesWith(node.owningGraph()->insertConstant(device));
  }
}

void PlaceBlock(Block& block, at::Device device) {
  for (auto it = block.nodes().begin(); it != block.nodes().end(); ++it) {
    Node* node = *it;
    if (MovesByName(*node)) {
      node->output()->replaceAllUsesWith(node->input(0));
      it.destroyCurrent();
      continue;
    }
    if (node->kind() == prim::Constant) {
      PlaceConstant(*node, device);
    } else {
      PlaceOutputs(*node, device);
    }
    for (Block* inner : node->blocks()) PlaceBlock(*inner, device);
    if (node->hasAttribute(attr::Subgraph)) {
      PlaceGraph(*node->g(attr::Subgraph), device);
    }
  }
}

}  // namespace

void PlaceGraph(Graph& graph, at::Device device) {
  PlaceBlock(*graph.block(), device);
}

std::vector<std::string> OutsideCalls(const Graph& graph) {
  std::vector<std::string> calls;
  ForEachNode(*graph.block(), [&](const Node* node) {
    if (node->kind() == prim::CallMethod) {
      calls.push_back(absl::StrCat("a call of \"", node->s(attr::name),
                                   "\" through an interface"));
    }
  });
  return calls;
}

}  // namespace strata
