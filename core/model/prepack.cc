// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/prepack.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/model/graph.h"
#include "core/tensor/prepacked_linear.h"
#include "torch/csrc/jit/runtime/graph_iterator.h"
#include "torch/script.h"

namespace strata {
namespace {

using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Value;

constexpr std::size_t kWeight = 1;

// What memory a tensor lies in: tied weights may be two attributes of one.
// nullptr for a sparse one, which has none of its own.
const void* MemoryOf(const at::Tensor& tensor) {
  return tensor.has_storage() ? tensor.storage().unsafeGetStorageImpl()
                              : nullptr;
}

// The linear layers of a graph by the attribute that holds their weight.
class Linears {
 public:
  Linears(std::shared_ptr<Graph> graph, const torch::jit::Module& module) {
    torch::jit::DepthFirstGraphNodeIterator nodes(graph);
    while (Node* const node = nodes.next()) {
      // Code that is not in this graph would read weights as they were.
      if (node->kind() == c10::prim::CallMethod ||
          node->hasAttribute(c10::attr::Subgraph)) {
        all_seen_ = false;
      }
      if (node->kind() == c10::prim::SetAttr) {
        assigned_.insert(node->s(c10::attr::name));
      }
      if (node->kind() == c10::prim::GetAttr) {
        AddUses(FindAttribute(*graph, module, node->output()), *node->output());
      }
    }
  }

  // Prepacks what serves nothing else; returns the number of layers.
  int Prepack() const {
    if (!all_seen_) return 0;
    int replaced = 0;
    std::vector<std::pair<at::Tensor, at::Tensor>> done;
    for (const auto& [attribute, nodes] : by_weight_) {
      const at::Tensor weight = attribute.value().toTensor();
      if (!CanPrepack(weight) || assigned_.contains(attribute.name) ||
          used_otherwise_.contains(MemoryOf(weight))) {
        continue;
      }
      attribute.Set(PrepackOnce(weight, done));
      for (Node* const node : nodes) {
        ReplaceNode(*node, "strata::prepacked_linear", node->inputs());
        ++replaced;
      }
    }
    return replaced;
  }

 private:
  void AddUses(const std::optional<Attribute>& attribute, const Value& value) {
    if (!attribute.has_value()) {
      all_seen_ = false;
      return;
    }
    if (!attribute->value().isTensor()) return;
    for (const torch::jit::Use& use : value.uses()) {
      if (use.user->kind() == c10::aten::linear && use.offset == kWeight) {
        by_weight_[*attribute].push_back(use.user);
      } else {
        used_otherwise_.insert(MemoryOf(attribute->value().toTensor()));
      }
    }
  }

  // One prepacked tensor for all names of a weight. `done` holds those that
  // have several, by the tensor that was prepacked.
  at::Tensor PrepackOnce(
      const at::Tensor& weight,
      std::vector<std::pair<at::Tensor, at::Tensor>>& done) const {
    const auto names = std::ranges::count_if(by_weight_, [&](const auto& one) {
      return MemoryOf(one.first.value().toTensor()) == MemoryOf(weight);
    });
    for (const auto& [stored, prepacked] : done) {
      if (stored.is_set_to(weight)) return prepacked;
    }
    at::Tensor prepacked = PrepackWeight(weight);
    // Others are let go at once: two of all weights would be twice the memory.
    if (names > 1) done.emplace_back(weight, prepacked);
    return prepacked;
  }

  std::map<Attribute, std::vector<Node*>> by_weight_;
  std::set<const void*> used_otherwise_;
  // Names of attributes that a forward assigns to, of whatever module.
  std::set<std::string> assigned_;
  // Whether this graph shows all that a forward reads.
  bool all_seen_ = true;
};

}  // namespace

int PrepackLinears(const std::shared_ptr<Graph>& graph,
                   const torch::jit::Module& module) {
  if (!HasPrepackedLinear()) return 0;
  const at::NoGradGuard no_gradients;
  return Linears(graph, module).Prepack();
}

}  // namespace strata
