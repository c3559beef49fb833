// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/graph.h"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "torch/csrc/jit/ir/irparser.h"
#include "torch/csrc/jit/passes/dead_code_elimination.h"
#include "torch/script.h"

namespace strata {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::shared_ptr<torch::jit::Graph> Parse(const std::string& text) {
  auto graph = std::make_shared<torch::jit::Graph>();
  torch::jit::parseIR(text, graph.get());
  return graph;
}

// Layers 0 to 2, each from the one below, in a tuple in a tuple, with a cache
// after them.
constexpr const char* kNested = R"IR(
  graph(%x : Tensor):
    %a : Tensor = aten::relu(%x)
    %b : Tensor = aten::sigmoid(%a)
    %layers : (Tensor, Tensor, Tensor) = prim::TupleConstruct(%x, %a, %b)
    %pair : (Tensor, Tensor) = prim::TupleConstruct(%a, %b)
    %all : ((Tensor, Tensor, Tensor), (Tensor, Tensor)) = prim::TupleConstruct(%layers, %pair)
    return (%all))IR";

TEST(GraphTest, ACutDropsWhatLiesAbove) {
  const auto whole = Parse(kNested);
  const auto cut = CutGraph(*whole, 1);
  ASSERT_NE(cut, nullptr);
  EXPECT_THAT(cut->toString(),
              AllOf(HasSubstr("aten::relu"), Not(HasSubstr("aten::sigmoid")),
                    HasSubstr("(Tensor, Tensor) = prim::TupleConstruct")));
  EXPECT_THAT(whole->toString(), HasSubstr("aten::sigmoid"));
}

TEST(GraphTest, ACutAboveTheTopIsNone) {
  const auto whole = Parse(kNested);
  EXPECT_NE(CutGraph(*whole, 2), nullptr);
  EXPECT_EQ(CutGraph(*whole, 3), nullptr);
}

TEST(GraphTest, ACutOfNoTupleIsNone) {
  EXPECT_EQ(CutGraph(*Parse("graph(%x : Tensor):\n  return (%x)"), 0), nullptr);
}

// An operator without a schema.
TEST(GraphTest, PrintingWritesNoState) {
  EXPECT_FALSE(WritesItsState(*Parse(R"IR(
  graph(%self, %x : Tensor):
    prim::Print(%x)
    return (%x))IR")));
}

TEST(GraphTest, ACheckpointComesBeforeEachProduct) {
  const auto graph = Parse(R"IR(
  graph(%self, %x : Tensor, %weight : Tensor):
    %none : NoneType = prim::Constant()
    %a : Tensor = aten::linear(%x, %weight, %none)
    %b : Tensor = aten::relu(%a)
    %c : Tensor = aten::matmul(%b, %weight)
    return (%c))IR");
  InsertCheckpoints(*graph);
  // Nobody takes them for dead code.
  torch::jit::EliminateDeadCode(graph);
  std::vector<std::string> kinds;
  for (const torch::jit::Node* node : graph->nodes()) {
    kinds.emplace_back(node->kind().toQualString());
  }
  EXPECT_THAT(
      kinds, ElementsAre("prim::Constant", "strata::checkpoint", "aten::linear",
                         "aten::relu", "strata::checkpoint", "aten::matmul"));
}

// A sum in place keeps what comes after it alive unless it is undone.
TEST(GraphTest, ACutDropsOperationsInPlace) {
  const auto cut = CutGraph(*Parse(R"IR(
    graph(%x : Tensor):
      %one : int = prim::Constant[value=1]()
      %a : Tensor = aten::relu(%x)
      %b : Tensor = aten::sigmoid(%a)
      %c : Tensor = aten::add_(%b, %a, %one)
      %layers : (Tensor, Tensor) = prim::TupleConstruct(%a, %c)
      return (%layers))IR"),
                            0);
  ASSERT_NE(cut, nullptr);
  EXPECT_THAT(cut->toString(), AllOf(Not(HasSubstr("aten::add")),
                                     Not(HasSubstr("aten::sigmoid"))));
}

// The layers of one submodule, unpacked by the next, hang together.
TEST(GraphTest, ACutLooksThroughTuplesInside) {
  const auto cut = CutGraph(*Parse(R"IR(
    graph(%x : Tensor):
      %a : Tensor = aten::relu(%x)
      %b : Tensor = aten::sigmoid(%a)
      %inner : (Tensor, Tensor) = prim::TupleConstruct(%a, %b)
      %c : Tensor, %d : Tensor = prim::TupleUnpack(%inner)
      %layers : (Tensor, Tensor) = prim::TupleConstruct(%c, %d)
      return (%layers))IR"),
                            0);
  ASSERT_NE(cut, nullptr);
  EXPECT_THAT(cut->toString(), Not(HasSubstr("aten::sigmoid")));
}

TEST(GraphTest, EmbeddingTableOfASubmodule) {
  torch::jit::Module inner("inner");
  inner.register_parameter("weight", at::ones({30, 4}), false);
  torch::jit::Module outer("outer");
  outer.register_module("pieces", inner);
  outer.define(R"(
def forward(self, types, ids):
    y = torch.embedding(self.pieces.weight, ids.contiguous(), -1, False, False)
    return y + torch.embedding(torch.ones(7, 4), types, -1, False, False)
)");
  const auto graph = InlinedForward(outer);
  const auto table = EmbeddingTable(*graph, outer, 1).value_or(at::Tensor());
  ASSERT_TRUE(table.defined());
  EXPECT_EQ(table.size(0), 30);
  // Its table is made on the way.
  EXPECT_EQ(EmbeddingTable(*graph, outer, 0), std::nullopt);
}

TEST(GraphTest, RandomOperatorsAreThoseThatDraw) {
  const auto graph = Parse(R"IR(
    graph(%x : Tensor):
      %on : bool = prim::Constant[value=1]()
      %off : bool = prim::Constant[value=0]()
      %none : NoneType = prim::Constant()
      %p : float = prim::Constant[value=0.5]()
      %no : float = prim::Constant[value=0.]()
      %a : Tensor = aten::dropout(%x, %p, %on)
      %b : Tensor = aten::dropout(%a, %p, %on)
      %d : Tensor = aten::scaled_dot_product_attention(%b, %b, %b, %none, %no, %off, %none, %off)
      %e : Tensor = aten::bernoulli(%d, %none)
      return (%e))IR");
  EXPECT_THAT(RandomOperators(*graph),
              ElementsAre("aten::bernoulli", "aten::dropout"));
  const auto attention = Parse(R"IR(
    graph(%x : Tensor):
      %off : bool = prim::Constant[value=0]()
      %none : NoneType = prim::Constant()
      %p : float = prim::Constant[value=0.1]()
      %y : Tensor = aten::scaled_dot_product_attention(%x, %x, %x, %none, %p, %off, %none, %off)
      %z : Tensor = aten::dropout(%y, %p, %off)
      return (%z))IR");
  EXPECT_THAT(RandomOperators(*attention),
              ElementsAre("aten::scaled_dot_product_attention"));
}

}  // namespace
}  // namespace strata
