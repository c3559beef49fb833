// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/prepack.h"

#include <memory>
#include <string>
#include <utility>

#include "core/model/graph.h"
#include "core/tensor/prepacked_linear.h"
#include "gtest/gtest.h"
#include "torch/csrc/jit/api/function_impl.h"
#include "torch/script.h"

namespace strata {
namespace {

constexpr int kWidth = 32;

at::Tensor RunGraph(const torch::jit::Module& module,
                    std::shared_ptr<torch::jit::Graph> graph,
                    const at::Tensor& input) {
  torch::jit::GraphFunction function("forward", std::move(graph), nullptr);
  torch::jit::Stack stack = {module._ivalue(), input};
  function.run(stack);
  return stack.back().toTensor();
}

class PrepackTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!HasPrepackedLinear()) GTEST_SKIP() << "no AVX2 here";
    at::manual_seed(1);
    module_.register_parameter("w", at::randn({kWidth, kWidth}), false);
    module_.register_parameter("v", at::randn({kWidth, kWidth}), false);
    module_.register_parameter("b", at::randn({kWidth}), false);
  }

  // Makes `lines` the forward, and checks that prepacking replaces so many
  // layers and changes nothing else.
  void Expect(const std::string& lines, int replaced) {
    module_.define("def forward(self, x):\n" + lines);
    const auto graph = InlinedForward(module_);
    const at::Tensor input = at::randn({5, kWidth});
    const at::Tensor before = RunGraph(module_, graph->copy(), input);
    EXPECT_EQ(PrepackLinears(graph, module_), replaced);
    EXPECT_TRUE(at::allclose(RunGraph(module_, graph->copy(), input), before,
                             1e-5, 1e-5));
  }

  torch::jit::Module module_{"test"};
};

TEST_F(PrepackTest, ReplacesLayersOfTheirOwnWeights) {
  const at::Tensor weight = module_.attr("w").toTensor();
  Expect(
      "  y = torch.linear(x, self.w, self.b)\n"
      "  return torch.linear(y, self.v)\n",
      2);
  // In place of the weight as it was, not beside it.
  EXPECT_TRUE(module_.attr("w").toTensor().equal(PrepackWeight(weight)));
}

TEST_F(PrepackTest, LayersMayShareAWeight) {
  Expect(
      "  y = torch.linear(x, self.w, self.b)\n"
      "  return torch.linear(y, self.w, self.b)\n",
      2);
}

TEST_F(PrepackTest, LooksIntoSubmodules) {
  torch::jit::Module inner("inner");
  inner.register_parameter("w", at::randn({kWidth, kWidth}), false);
  inner.define("def forward(self, x):\n  return torch.linear(x, self.w)\n");
  module_.register_module("inner", inner);
  Expect("  return torch.linear(self.inner.forward(x), self.w)\n", 2);
}

TEST_F(PrepackTest, LooksIntoBranches) {
  Expect(
      "  if x.size(0) > 2:\n"
      "    y = torch.linear(x, self.w)\n"
      "  else:\n"
      "    y = x\n"
      "  return y\n",
      1);
}

TEST_F(PrepackTest, AWeightThatAlsoEmbedsStays) {
  Expect(
      "  y = torch.linear(x, self.w)\n"
      "  return y + torch.embedding(self.w, torch.zeros([5], dtype=4))\n",
      0);
}

TEST_F(PrepackTest, AWeightTiedByAnotherNameStays) {
  module_.register_parameter("tied", module_.attr("w").toTensor().detach(),
                             false);
  Expect(
      "  y = torch.linear(x, self.w)\n"
      "  return y + torch.embedding(self.tied, torch.zeros([5], dtype=4))\n",
      0);
}

TEST_F(PrepackTest, AWeightThatIsWrittenToStays) {
  Expect(
      "  self.w.mul_(1)\n"
      "  return torch.linear(x, self.w)\n",
      0);
}

// A layer that merges its weight at its first forward, say.
TEST_F(PrepackTest, AWeightThatIsAssignedStays) {
  Expect(
      "  self.w = self.v * 2\n"
      "  return torch.linear(x, self.w)\n",
      0);
}

TEST_F(PrepackTest, LayersOfAWeightWithTwoNamesShareWhatIsPrepacked) {
  module_.register_parameter("tied", module_.attr("w").toTensor().detach(),
                             false);
  Expect("  return torch.linear(torch.linear(x, self.w), self.tied)\n", 2);
  EXPECT_TRUE(module_.attr("w").toTensor().is_alias_of(
      module_.attr("tied").toTensor()));
}

TEST_F(PrepackTest, ATensorWithoutMemoryOfItsOwnIsLeftAlone) {
  module_.register_buffer("sparse", at::eye(kWidth).to_sparse());
  Expect(
      "  y = torch.linear(x, self.w)\n"
      "  return y + self.sparse.to_dense()[0]\n",
      1);
}

TEST_F(PrepackTest, AWeightThatIsComputedStays) {
  Expect("  return torch.linear(x, self.w + self.v)\n", 0);
}

TEST_F(PrepackTest, WhatTheKernelsDoNotTakeStays) {
  module_.register_parameter("odd", at::randn({kWidth - 1, kWidth}), false);
  Expect("  return torch.linear(x, self.odd)\n", 0);
}

}  // namespace
}  // namespace strata
