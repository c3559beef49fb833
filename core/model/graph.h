// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_GRAPH_H_
#define STRATA_CORE_MODEL_GRAPH_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "torch/script.h"

namespace strata {

// What is done to the graph of a trace's forward, but for its devices
// (core/model/placement.h). These functions may throw c10::Error (see
// CallTorch).

// Calls `visit` for each node of `block` and of the blocks inside it.
template <typename Visit>
void ForEachNode(const torch::jit::Block& block, const Visit& visit) {
  for (const torch::jit::Node* node : block.nodes()) {
    visit(node);
    for (const torch::jit::Block* inner : node->blocks()) {
      ForEachNode(*inner, visit);
    }
  }
}

// A copy of `module`'s forward that holds the bodies of its submodules.
std::shared_ptr<torch::jit::Graph> InlinedForward(
    const torch::jit::Module& module);

// Puts an operator of one output in `node`'s place.
void ReplaceNode(torch::jit::Node& node, const char* name,
                 at::ArrayRef<torch::jit::Value*> inputs);

// A copy of `whole` that computes the layers 0 to `deepest` and nothing above,
// and returns them as one flat tuple. nullptr where its output is not a tuple
// or list with that many layers.
std::shared_ptr<torch::jit::Graph> CutGraph(torch::jit::Graph& whole,
                                            int deepest);

// Something that a module or one of its submodules holds.
struct Attribute {
  c10::intrusive_ptr<c10::ivalue::Object> owner;
  std::string name;

  c10::IValue value() const { return owner->getAttr(name); }
  void Set(c10::IValue value) const { owner->setAttr(name, std::move(value)); }

  // Orders them somehow.
  friend bool operator<(const Attribute& a, const Attribute& b) {
    return std::pair(a.owner.get(), a.name) < std::pair(b.owner.get(), b.name);
  }
};

// Gives `graph` tensor constants of its own; copies of a graph share them.
void CloneConstants(std::shared_ptr<torch::jit::Graph> graph);

// What of `module` the graph's `value` reads: nullopt for what is computed.
std::optional<Attribute> FindAttribute(const torch::jit::Graph& graph,
                                       const torch::jit::Module& module,
                                       const torch::jit::Value* value);

// The embedding table that is indexed with forward's argument number `argument`
// (self not counted), not a copy: of several the smallest, which bounds what
// may be asked; nullopt where none is found.
std::optional<at::Tensor> EmbeddingTable(const torch::jit::Graph& graph,
                                         const torch::jit::Module& module,
                                         int argument);

// Whether a forward may change what the module or the graph holds: a buffer
// that it fills, or a constant.
bool WritesItsState(const torch::jit::Graph& graph);

// Makes the forward reach a checkpoint (core/tensor/checkpoint.h) before each
// linear layer or other product with a weight; inside branches and loops none.
void InsertCheckpoints(torch::jit::Graph& graph);

// Names of the operators in `graph` that draw random numbers, each once:
// "aten::dropout" in training mode, "aten::rand".
std::vector<std::string> RandomOperators(const torch::jit::Graph& graph);

// The integers from 2 to `most` that are constants in `graph`, in order, each
// once: sizes that are fixed in a trace are among them.
std::vector<int> IntegerConstants(const torch::jit::Graph& graph, int most);

}  // namespace strata

#endif  // STRATA_CORE_MODEL_GRAPH_H_
