// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/prepack.h"

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
const void* MemoryOf(const at::Tensor& tensor) {
  return tensor.storage().unsafeGetStorageImpl();
}

// The linear layers of a graph by the attribute that holds their weight.
class Linears {
 public:
  Linears(std::shared_ptr<Graph> graph, const torch::jit::Module& module) {
    torch::jit::DepthFirstGraphNodeIterator nodes(graph);
    while (Node* const node = nodes.next()) {
      if (node->kind() != c10::prim::GetAttr) continue;
      const auto attribute = FindAttribute(*graph, module, node->output());
      if (attribute.has_value() && attribute->value().isTensor()) {
        Add(*attribute, *node->output());
      }
    }
  }

  // Prepacks what serves nothing else; returns the number of layers.
  int Prepack() const {
    int replaced = 0;
    for (const auto& [attribute, nodes] : by_weight_) {
      const at::Tensor weight = attribute.value().toTensor();
      if (!CanPrepack(weight) || used_otherwise_.contains(MemoryOf(weight))) {
        continue;
      }
      attribute.Set(PrepackWeight(weight));
      for (Node* const node : nodes) {
        Replace(*node);
        ++replaced;
      }
    }
    return replaced;
  }

 private:
  void Add(const Attribute& attribute, const Value& value) {
    for (const torch::jit::Use& use : value.uses()) {
      if (use.user->kind() == c10::aten::linear && use.offset == kWeight) {
        by_weight_[attribute].push_back(use.user);
      } else {
        used_otherwise_.insert(MemoryOf(attribute.value().toTensor()));
      }
    }
  }

  static void Replace(Node& linear) {
    Graph& graph = *linear.owningGraph();
    Node* const prepacked =
        graph.create(c10::Symbol::fromQualString("strata::prepacked_linear"),
                     linear.inputs());
    prepacked->insertBefore(&linear);
    prepacked->copyMetadata(&linear);
    prepacked->output()->copyMetadata(linear.output());
    linear.replaceAllUsesWith(prepacked);
    linear.destroy();
  }

  std::map<Attribute, std::vector<Node*>> by_weight_;
  std::set<const void*> used_otherwise_;
};

}  // namespace

int PrepackLinears(const std::shared_ptr<Graph>& graph,
                   const torch::jit::Module& module) {
  if (!HasPrepackedLinear()) return 0;
  const at::NoGradGuard no_gradients;
  return Linears(graph, module).Prepack();
}

}  // namespace strata
