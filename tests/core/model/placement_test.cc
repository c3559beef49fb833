// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/placement.h"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/model/examination.h"
#include "core/model/report.h"
#include "core/model/trace.h"
#include "core/tensor/mask_form.h"
#include "core/tensor/rows.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/model/examined.h"
#include "tests/core/model/test_traces.h"
#include "torch/csrc/jit/ir/irparser.h"
#include "torch/script.h"

namespace strata {
namespace {

using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::shared_ptr<torch::jit::Graph> Parse(const std::string& text) {
  auto graph = std::make_shared<torch::jit::Graph>();
  torch::jit::parseIR(text, graph.get());
  return graph;
}

TEST(PlaceGraphTest, DevicesAreRewrittenInNestedBlocksToo) {
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

TEST(PlaceGraphTest, TensorConstantsMoveAndNumbersStay) {
  auto graph = std::make_shared<torch::jit::Graph>();
  torch::jit::Value* table = graph->insertConstant(at::ones({4}));
  torch::jit::Value* number = graph->insertConstant(at::ones({}));
  PlaceGraph(*graph, at::kMeta);
  EXPECT_TRUE(
      torch::jit::toIValue(table).value_or(at::IValue()).toTensor().is_meta());
  EXPECT_TRUE(
      torch::jit::toIValue(number).value_or(at::IValue()).toTensor().is_cpu());
}

TEST(PlaceGraphTest, WordsAndOperatorsThatNameADeviceAreRewritten) {
  const auto graph = Parse(R"IR(
    graph(%x : Tensor):
      %word : str = prim::Constant[value="cuda"]()
      %one : int = prim::Constant[value=1]()
      %none : NoneType = prim::Constant()
      %no : bool = prim::Constant[value=0]()
      %a : Device = aten::device(%word)
      %b : Device = aten::device(%word, %one)
      %own : Device = prim::device(%x)
      %y : Tensor = aten::cuda(%x)
      %z : Tensor = aten::cpu(%y)
      %v : Tensor = aten::to(%z, %a, %none, %no, %no)
      %w : Tensor = aten::to(%v, %b, %none, %no, %no)
      %u : Tensor = aten::to(%w, %own, %none, %no, %no)
      return (%u))IR");
  PlaceGraph(*graph, at::kMeta);
  std::vector<std::string> targets;
  for (const torch::jit::Node* node : graph->nodes()) {
    if (node->kind() != c10::aten::to) continue;
    const auto known = torch::jit::toIValue(node->input(1));
    targets.push_back(known.has_value() ? known->toDevice().str() : "own");
  }
  EXPECT_THAT(targets, ElementsAre("meta", "meta", "own"));
  const std::string text = graph->toString();
  EXPECT_THAT(text, Not(HasSubstr("aten::cuda")));
  EXPECT_THAT(text, Not(HasSubstr("aten::cpu")));
}

// What a CUDA machine wrote runs here, with the numbers of one made here.
TEST(PlacementTest, ATraceMadeOnCudaIsServed) {
  const Examination examination = ExamineFile("made_on_cuda");
  ASSERT_TRUE(examination.verdict.ok()) << examination.verdict;
  EXPECT_TRUE(FindCheck(examination, "devices_rewritten").passed);
  const RowTensors rows = MakeRows(MakeSequences({5, 9}), MaskForm::kPairs);
  const auto layers = LoadTestTrace("made_on_cuda").Forward(rows)->layers;
  const auto here = LoadTestTrace("pairs").Forward(rows)->layers;
  ASSERT_EQ(layers.size(), here.size());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    EXPECT_TRUE(at::equal(layers[i], here[i])) << i;
  }
}

TEST(PlacementTest, DevicesThatAScriptNamesAreRewritten) {
  const Examination examination = ExamineFile("names_cuda");
  ASSERT_TRUE(examination.verdict.ok()) << examination.verdict;
  EXPECT_EQ(FindCheck(examination, "devices_rewritten").found,
            "all devices in it can be rewritten");
}

TEST(PlacementTest, ADeviceBehindAnInterfaceIsNoted) {
  const Examination examination = ExamineFile("interface");
  ASSERT_TRUE(examination.verdict.ok()) << examination.verdict;
  const Check check = FindCheck(examination, "devices_rewritten");
  EXPECT_FALSE(check.passed);
  EXPECT_FALSE(check.essential);
  EXPECT_EQ(check.found,
            "a call of \"forward\" through an interface, which may name the "
            "device that it was traced on");
  EXPECT_THAT(LoadTestTrace("interface").OutsideCalls(),
              ElementsAre("a call of \"forward\" through an interface"));
  EXPECT_THAT(LoadTestTrace("pairs").OutsideCalls(), IsEmpty());
}

}  // namespace
}  // namespace strata
