// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/graph.h"

#include <memory>
#include <string>
#include <unordered_map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "torch/csrc/jit/ir/irparser.h"
#include "torch/script.h"

namespace strata {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

std::shared_ptr<torch::jit::Graph> Parse(const std::string& text) {
  auto graph = std::make_shared<torch::jit::Graph>();
  torch::jit::parseIR(text, graph.get());
  return graph;
}

TEST(GraphTest, DevicesAreRewrittenInNestedBlocksToo) {
  const auto graph = Parse(R"IR(
    graph(%x : Tensor, %c : bool):
      %here : Device = prim::Constant[value="cuda:3"]()
      %none : NoneType = prim::Constant()
      %word : str = prim::Constant[value="cuda:3"]()
      %y : Tensor = prim::If(%c)
        block0():
          %inner : Device = prim::Constant[value="cpu"]()
          %two : int = prim::Constant[value=2]()
          -> (%x)
        block1():
          -> (%x)
      return (%y))IR");
  PlaceGraph(*graph, at::Device("cuda:1"));
  const std::string text = graph->toString();
  EXPECT_THAT(
      text,
      ContainsRegex("\n  %[0-9]+ : Device = prim::Constant.value=\"cuda:1\""));
  EXPECT_THAT(text, ContainsRegex("block0.+\n      %[0-9]+ : Device = "
                                  "prim::Constant.value=\"cuda:1\""));
  EXPECT_THAT(text, HasSubstr(" : str = prim::Constant[value=\"cuda:3\"]()"));
}

TEST(GraphTest, TensorConstantsMoveAndNumbersStay) {
  auto graph = std::make_shared<torch::jit::Graph>();
  torch::jit::Value* table = graph->insertConstant(at::ones({4}));
  torch::jit::Value* number = graph->insertConstant(at::ones({}));
  PlaceGraph(*graph, at::kMeta);
  EXPECT_TRUE(
      torch::jit::toIValue(table).value_or(at::IValue()).toTensor().is_meta());
  EXPECT_TRUE(
      torch::jit::toIValue(number).value_or(at::IValue()).toTensor().is_cpu());
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

TEST(GraphTest, EmbeddingRowsOfASubmodule) {
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
  EXPECT_EQ(EmbeddingRows(*graph, outer, 1), 30);
  // Its table is made on the way.
  EXPECT_EQ(EmbeddingRows(*graph, outer, 0), std::nullopt);
}

}  // namespace
}  // namespace strata
