// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/attention.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/model/graph.h"
#include "core/tensor/masked_attention.h"
#include "gtest/gtest.h"
#include "torch/csrc/jit/api/function_impl.h"
#include "torch/script.h"

namespace strata {
namespace {

class ReplaceAttentionTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!HasMaskedAttention()) GTEST_SKIP() << "no AVX2 here";
    at::manual_seed(1);
  }

  // Makes `lines` a forward of heads x, [1, 2, 5, 16], and a mask m, [5, 5],
  // and checks that so many attentions are replaced and nothing else changes.
  void Expect(const std::string& lines, int replaced) {
    module_.define(absl::StrCat("def forward(self, x, m):\n", lines));
    const auto graph = InlinedForward(module_);
    const at::Tensor x = at::randn({1, 2, 5, 16});
    const at::Tensor m = at::randn({5, 5});
    const at::Tensor before = Run(graph->copy(), x, m);
    EXPECT_EQ(ReplaceAttention(graph), replaced);
    EXPECT_TRUE(at::allclose(Run(graph->copy(), x, m), before, 1e-5, 1e-5));
  }

 private:
  at::Tensor Run(std::shared_ptr<torch::jit::Graph> graph, const at::Tensor& x,
                 const at::Tensor& m) const {
    torch::jit::GraphFunction function("forward", std::move(graph), nullptr);
    torch::jit::Stack stack = {module_._ivalue(), x, m};
    function.run(stack);
    return stack.back().toTensor();
  }

  torch::jit::Module module_{"test"};
};

TEST_F(ReplaceAttentionTest, ReplacesWhatHasAMask) {
  Expect(
      "  y = torch.scaled_dot_product_attention(x, x, x, m)\n"
      "  return torch.scaled_dot_product_attention(y, x, y, m, scale=0.3)\n",
      2);
}

TEST_F(ReplaceAttentionTest, LooksIntoBranches) {
  Expect(
      "  if x.size(0) > 0:\n"
      "    y = torch.scaled_dot_product_attention(x, x, x, m)\n"
      "  else:\n"
      "    y = x\n"
      "  return y\n",
      1);
}

TEST_F(ReplaceAttentionTest, WithoutAMaskItStays) {
  Expect("  return torch.scaled_dot_product_attention(x, x, x)\n", 0);
}

TEST_F(ReplaceAttentionTest, WhereTheMaskMayBeNoneItStays) {
  Expect(
      "  mask: Optional[Tensor] = None\n"
      "  if x.size(2) > 1:\n"
      "    mask = m\n"
      "  return torch.scaled_dot_product_attention(x, x, x, mask)\n",
      0);
}

TEST_F(ReplaceAttentionTest, CausalByItselfItStays) {
  Expect(
      "  return torch.scaled_dot_product_attention(x, x, x, None, 0.0, True)\n",
      0);
}

TEST_F(ReplaceAttentionTest, WithFewerHeadsOfKeysItStays) {
  Expect(
      "  y = x[:, :1]\n"
      "  return torch.scaled_dot_product_attention(x, y, y, m, "
      "enable_gqa=True)\n",
      0);
}

TEST_F(ReplaceAttentionTest, WithADropoutThatIsComputedItStays) {
  Expect(
      "  none = float(x.size(0) - 1)\n"
      "  return torch.scaled_dot_product_attention(x, x, x, m, none)\n",
      0);
}

}  // namespace
}  // namespace strata
