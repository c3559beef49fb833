// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/graph.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ranges>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "torch/csrc/jit/passes/dead_code_elimination.h"
#include "torch/csrc/jit/passes/inliner.h"
#include "torch/csrc/jit/passes/lower_tuples.h"
#include "torch/csrc/jit/passes/remove_mutation.h"
#include "torch/csrc/jit/runtime/graph_iterator.h"
#include "torch/script.h"

namespace strata {
namespace {

namespace attr = c10::attr;
namespace prim = c10::prim;
using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Value;

bool MakesSequence(const Node* node) {
  return node->kind() == prim::TupleConstruct ||
         node->kind() == prim::ListConstruct;
}

// The node that gathers the layers: the output's own or, in a nested tuple,
// that of its first element. nullptr where there is none.
Node* LayersNode(Graph& graph) {
  if (graph.outputs().size() != 1) return nullptr;
  Node* node = graph.outputs()[0]->node();
  if (!MakesSequence(node)) return nullptr;
  while (!node->inputs().empty() && MakesSequence(node->inputs()[0]->node())) {
    node = node->inputs()[0]->node();
  }
  return node;
}

// The inputs of `node` whose schema says something of their memory, as
// `is_meant` has it.
template <typename IsMeant>
std::vector<const Value*> AliasedInputs(const Node* node,
                                        const IsMeant& is_meant) {
  std::vector<const Value*> inputs;
  const c10::FunctionSchema* const schema = node->maybeSchema();
  if (schema == nullptr) return inputs;
  const std::size_t known =
      std::min(schema->arguments().size(), node->inputs().size());
  for (std::size_t i = 0; i < known; ++i) {
    const c10::AliasInfo* const alias = schema->arguments()[i].alias_info();
    if (alias != nullptr && is_meant(*alias)) {
      inputs.push_back(node->inputs()[i]);
    }
  }
  return inputs;
}

// Whether `value` may lie in memory that outlives a forward: all does that is
// not a request's own or, by its operator's schema, new.
bool MayOutliveForward(const Graph& graph, const Value* value) {
  const Node* const node = value->node();
  if (node == graph.param_node()) return false;
  if (node->kind() == prim::ListUnpack || node->kind() == prim::TupleUnpack) {
    const Node* const whole = node->inputs()[0]->node();
    return MayOutliveForward(graph, MakesSequence(whole)
                                        ? whole->inputs()[value->offset()]
                                        : node->inputs()[0]);
  }
  const c10::FunctionSchema* const schema = node->maybeSchema();
  if (node->kind() == prim::Constant || schema == nullptr ||
      schema->returns().size() <= value->offset()) {
    return true;
  }
  const c10::AliasInfo* const given =
      schema->returns()[value->offset()].alias_info();
  if (given == nullptr) return false;
  const auto sources = AliasedInputs(node, [&](const c10::AliasInfo& alias) {
    return alias.beforeSets() == given->beforeSets();
  });
  return sources.empty() ||
         std::ranges::any_of(sources, [&](const Value* source) {
           return MayOutliveForward(graph, source);
         });
}

// Looks through operations that pass on what their first input holds.
const Value* Source(const Value* value) {
  constexpr std::array<std::string_view, 6> kPassing = {
      "aten::to",    "aten::view",       "aten::reshape",
      "aten::clone", "aten::contiguous", "aten::detach"};
  while (std::ranges::find(kPassing, value->node()->kind().toQualString()) !=
         kPassing.end()) {
    value = value->node()->inputs()[0];
  }
  return value;
}

// Whether an attention's dropout is on.
bool DropsOut(const Node& attention) {
  const auto share =
      torch::jit::constant_as<double>(attention.namedInput("dropout_p"));
  return share.value_or(0) > 0;
}

// The tensor that `value` is before anything runs: a constant, or an attribute
// of `module` or of one of its submodules.
std::optional<at::Tensor> StoredTensor(const Graph& graph,
                                       const torch::jit::Module& module,
                                       const Value* value) {
  if (value->node()->kind() == prim::Constant) {
    const auto constant = torch::jit::toIValue(value);
    if (!constant.has_value() || !constant->isTensor()) return std::nullopt;
    return constant->toTensor();
  }
  const auto attribute = FindAttribute(graph, module, value);
  if (!attribute.has_value() || !attribute->value().isTensor()) {
    return std::nullopt;
  }
  return attribute->value().toTensor();
}

}  // namespace

std::shared_ptr<Graph> InlinedForward(const torch::jit::Module& module) {
  std::shared_ptr<Graph> graph = module.get_method("forward").graph()->copy();
  torch::jit::Inline(*graph);
  return graph;
}

void ReplaceNode(Node& node, const char* name, at::ArrayRef<Value*> inputs) {
  Node* const replacement =
      node.owningGraph()->create(c10::Symbol::fromQualString(name), inputs);
  replacement->insertBefore(&node);
  replacement->copyMetadata(&node);
  replacement->output()->copyMetadata(node.output());
  node.replaceAllUsesWith(replacement);
  node.destroy();
}

std::shared_ptr<Graph> CutGraph(Graph& whole, int deepest) {
  std::shared_ptr<Graph> graph = whole.copy();
  Node* layers = LayersNode(*graph);
  if (layers == nullptr || std::ssize(layers->inputs()) <= deepest) {
    return nullptr;
  }
  const auto kept = layers->inputs().slice(0, deepest + 1);
  Node* tuple = graph->insertNode(graph->createTuple(kept));
  graph->eraseOutput(0);
  graph->registerOutput(tuple->output());
  // Submodules' tuples hold layers together; operations in place keep later
  // ones alive. Both would survive the elimination.
  torch::jit::LowerSimpleTuples(graph);
  torch::jit::RemoveTensorMutation(graph);
  torch::jit::EliminateDeadCode(graph);
  return graph;
}

std::optional<Attribute> FindAttribute(const Graph& graph,
                                       const torch::jit::Module& module,
                                       const Value* value) {
  std::vector<std::string> path;
  while (value->node()->kind() == prim::GetAttr) {
    path.push_back(value->node()->s(attr::name));
    value = value->node()->inputs()[0];
  }
  if (path.empty() || value != graph.inputs()[0]) return std::nullopt;
  Attribute attribute{.owner = module._ivalue(), .name = path.front()};
  path.erase(path.begin());
  for (const std::string& name : std::views::reverse(path)) {
    attribute.owner = attribute.owner->getAttr(name).toObject();
  }
  return attribute;
}

std::optional<at::Tensor> EmbeddingTable(const Graph& graph,
                                         const torch::jit::Module& module,
                                         int argument) {
  const Value* ids = graph.inputs()[argument + 1];  // After self.
  std::optional<at::Tensor> smallest;
  ForEachNode(*graph.block(), [&](const Node* node) {
    if (node->kind() != c10::aten::embedding ||
        Source(node->inputs()[1]) != ids) {
      return;
    }
    const auto table = StoredTensor(graph, module, Source(node->inputs()[0]));
    if (!table.has_value() || table->dim() != 2) return;
    if (!smallest.has_value() || table->size(0) < smallest->size(0)) {
      smallest = table;
    }
  });
  return smallest;
}

bool WritesItsState(const Graph& graph) {
  bool writes = false;
  ForEachNode(*graph.block(), [&](const Node* node) {
    writes = writes || node->kind() == prim::SetAttr ||
             std::ranges::any_of(AliasedInputs(node,
                                               [](const c10::AliasInfo& alias) {
                                                 return alias.isWrite();
                                               }),
                                 [&](const Value* written) {
                                   return MayOutliveForward(graph, written);
                                 });
  });
  return writes;
}

void CloneConstants(std::shared_ptr<Graph> graph) {
  torch::jit::DepthFirstGraphNodeIterator nodes(graph);
  while (Node* const node = nodes.next()) {
    if (node->kind() == prim::Constant && node->hasAttribute(attr::value) &&
        node->kindOf(attr::value) == torch::jit::AttributeKind::t) {
      node->t_(attr::value, node->t(attr::value).clone());
    }
  }
}

void InsertCheckpoints(Graph& graph) {
  static const auto kCheckpoint =
      c10::Symbol::fromQualString("strata::checkpoint");
  static const std::array products = {
      c10::Symbol(c10::aten::linear), c10::Symbol(c10::aten::addmm),
      c10::Symbol(c10::aten::matmul),
      c10::Symbol::fromQualString("strata::prepacked_linear")};
  for (Node* const node : graph.block()->nodes()) {
    if (std::ranges::find(products, node->kind()) == products.end()) continue;
    graph.create(kCheckpoint, /*num_outputs=*/0)->insertBefore(node);
  }
}

std::vector<std::string> RandomOperators(const Graph& graph) {
  std::set<std::string> names;
  ForEachNode(*graph.block(), [&](const Node* node) {
    const bool attention =
        node->kind() == c10::aten::scaled_dot_product_attention;
    // Attention counts as random for its dropout, which is mostly 0.
    const bool random =
        attention ? DropsOut(*node) : node->isNondeterministic();
    if (random) names.insert(node->kind().toQualString());
  });
  return {names.begin(), names.end()};
}

std::vector<int> IntegerConstants(const Graph& graph, int most) {
  std::set<int> integers;
  ForEachNode(*graph.block(), [&](const Node* node) {
    if (node->kind() != prim::Constant) return;
    const auto value = torch::jit::toIValue(node->output());
    if (!value.has_value() || !value->isInt()) return;
    const std::int64_t integer = value->toInt();
    if (integer >= 2 && integer <= most) {
      integers.insert(static_cast<int>(integer));
    }
  });
  return {integers.begin(), integers.end()};
}

}  // namespace strata
