// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/tensor/prepacked_linear.h"

#include <cstdint>
#include <optional>
#include <string>

#include "ATen/Parallel.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "torch/script.h"

namespace strata {
namespace {

// The norm of what `ours` is off, as a share of the right one's.
double Error(const at::Tensor& ours, const at::Tensor& right) {
  return ((ours - right).norm() / right.norm()).item<double>();
}

at::Tensor InDouble(const at::Tensor& input, const at::Tensor& weight,
                    const std::optional<at::Tensor>& bias) {
  at::Tensor sums =
      at::matmul(input.to(at::kDouble), weight.to(at::kDouble).t());
  return bias.has_value() ? sums + *bias : sums;
}

class PrepackedLinearTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!HasPrepackedLinear()) GTEST_SKIP() << "no AVX2 here";
    at::manual_seed(1);
  }
};

struct Shape {
  std::int64_t rows;
  std::int64_t depth;
  std::int64_t columns;
};

class PrepackedLinearShapeTest : public PrepackedLinearTest,
                                 public testing::WithParamInterface<Shape> {};

TEST_P(PrepackedLinearShapeTest, GivesTheProduct) {
  const auto [rows, depth, columns] = GetParam();
  const at::Tensor input = at::randn({rows, depth});
  const at::Tensor weight = at::randn({columns, depth});
  const at::Tensor bias = at::randn({columns});
  const at::Tensor prepacked = PrepackWeight(weight);
  EXPECT_LT(Error(PrepackedLinear(input, prepacked, bias),
                  InDouble(input, weight, bias)),
            2e-6);
  EXPECT_LT(Error(PrepackedLinear(input, prepacked, std::nullopt),
                  InDouble(input, weight, std::nullopt)),
            2e-6);
}

INSTANTIATE_TEST_SUITE_P(Shapes, PrepackedLinearShapeTest,
                         testing::Values(Shape{1, 1, 16}, Shape{1, 384, 384},
                                         Shape{7, 48, 16}, Shape{8, 17, 64},
                                         Shape{9, 64, 80}, Shape{63, 100, 112},
                                         Shape{64, 768, 64}, Shape{65, 769, 80},
                                         Shape{200, 1600, 144}),
                         [](const auto& info) {
                           return absl::StrCat(info.param.rows, "x",
                                               info.param.depth, "x",
                                               info.param.columns);
                         });

TEST_F(PrepackedLinearTest, KeepsTheLeadingDimensions) {
  const at::Tensor input = at::randn({3, 5, 32});
  const at::Tensor weight = at::randn({48, 32});
  const at::Tensor output =
      PrepackedLinear(input, PrepackWeight(weight), std::nullopt);
  EXPECT_EQ(output.sizes(), at::IntArrayRef({3, 5, 48}));
  EXPECT_LT(Error(output, InDouble(input, weight, std::nullopt)), 2e-6);
}

TEST_F(PrepackedLinearTest, TakesWhatDoesNotLieInARow) {
  const at::Tensor input = at::randn({32, 5}).t();
  const at::Tensor weight = at::randn({32, 48}).t();
  const at::Tensor bias = at::randn({96}).slice(0, 0, 96, 2);
  EXPECT_LT(Error(PrepackedLinear(input, PrepackWeight(weight), bias),
                  InDouble(input, weight, bias)),
            2e-6);
}

TEST_F(PrepackedLinearTest, NoRowsGiveNoRows) {
  const at::Tensor output = PrepackedLinear(
      at::empty({0, 32}), PrepackWeight(at::randn({16, 32})), std::nullopt);
  EXPECT_EQ(output.sizes(), at::IntArrayRef({0, 16}));
}

// The numbers of one sequence must not tell how many others were computed.
TEST_F(PrepackedLinearTest, ARowIsTheSameInAnyCompany) {
  const at::Tensor input = at::randn({150, 100});
  const at::Tensor prepacked = PrepackWeight(at::randn({80, 100}));
  const at::Tensor together = PrepackedLinear(input, prepacked, std::nullopt);
  for (const std::int64_t rows : {1, 3, 8, 70}) {
    EXPECT_TRUE(
        PrepackedLinear(input.narrow(0, 0, rows), prepacked, std::nullopt)
            .equal(together.narrow(0, 0, rows)))
        << rows;
  }
}

TEST_F(PrepackedLinearTest, AnyNumberOfThreadsGivesTheSame) {
  const at::Tensor input = at::randn({150, 300});
  const at::Tensor prepacked = PrepackWeight(at::randn({208, 300}));
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const at::Tensor one = PrepackedLinear(input, prepacked, std::nullopt);
  at::set_num_threads(3);
  const at::Tensor three = PrepackedLinear(input, prepacked, std::nullopt);
  at::set_num_threads(before);
  EXPECT_TRUE(three.equal(one));
}

TEST_F(PrepackedLinearTest, WhatDoesNotFitThrows) {
  const at::Tensor prepacked = PrepackWeight(at::randn({16, 32}));
  EXPECT_THROW(PrepackedLinear(at::randn({2, 33}), prepacked, std::nullopt),
               c10::Error);
  EXPECT_THROW(PrepackedLinear(at::randn({2, 32}).to(at::kDouble), prepacked,
                               std::nullopt),
               c10::Error);
  EXPECT_THROW(PrepackedLinear(at::randn({2, 32}), prepacked, at::randn({8})),
               c10::Error);
  // A weight that was not prepacked.
  EXPECT_THROW(
      PrepackedLinear(at::randn({2, 32}), at::randn({16, 32}), std::nullopt),
      c10::Error);
  EXPECT_THROW(PrepackWeight(at::randn({15, 32})), c10::Error);
}

TEST(CanPrepackTest, OnlyFloatMatricesOfWholeRegisters) {
  EXPECT_TRUE(CanPrepack(at::zeros({32, 7})));
  EXPECT_FALSE(CanPrepack(at::zeros({33, 7})));
  EXPECT_FALSE(CanPrepack(at::zeros({0, 7})));
  EXPECT_FALSE(CanPrepack(at::zeros({32})));
  EXPECT_FALSE(CanPrepack(at::zeros({32, 7}, at::kBFloat16)));
  EXPECT_FALSE(CanPrepack(at::zeros({32, 7}, at::kMeta)));
}

}  // namespace
}  // namespace strata
