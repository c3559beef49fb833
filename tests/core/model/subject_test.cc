// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/subject.h"

#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/batch/request.h"
#include "core/model/config.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/model/test_traces.h"
#include "torch/script.h"

namespace strata {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::Ge;
using ::testing::Lt;
using ::testing::Not;

class ProbeTest : public testing::Test {
 protected:
  ProbeTest() { subject_.report.vocabulary_size = 10; }

  Trace trace_ = LoadTestTrace("pairs");
  const ModelConfig config_{.padding_id = 4};
  Subject subject_{.trace = trace_, .config = config_, .clock = Clock::Real()};
};

TEST_F(ProbeTest, IsInsideTheVocabularyAndNeverPadding) {
  const Sequence probe = Probe(subject_, 500, 0);
  EXPECT_EQ(probe.pieces(), 500);
  EXPECT_THAT(probe.ids, Each(AllOf(Ge(0), Lt(10))));
  EXPECT_THAT(probe.ids, Not(Contains(4)));
  EXPECT_EQ(std::set(probe.ids.begin(), probe.ids.end()).size(), 9);
}

TEST_F(ProbeTest, IsTheSameForTheSameSeed) {
  EXPECT_EQ(Probe(subject_, 20, 1).ids, Probe(subject_, 20, 1).ids);
  EXPECT_NE(Probe(subject_, 20, 1).ids, Probe(subject_, 20, 2).ids);
}

TEST(ShapeProblemTest, NamesTheFirstLayerThatDiffers) {
  const at::Tensor good = at::zeros({3, 11, 16});
  const auto problem = [&good](const at::Tensor& bad) {
    return ShapeProblem(std::vector{good, bad}, 3, 11);
  };
  EXPECT_EQ(problem(good), "");
  EXPECT_EQ(problem(at::zeros({1, 33, 16})),
            "layer 1 is [1, 33, 16], not [3, 11, W]");
  EXPECT_EQ(problem(at::zeros({3, 12, 16})),
            "layer 1 is [3, 12, 16], not [3, 11, W]");
  EXPECT_EQ(problem(at::zeros({3, 16})), "layer 1 is [3, 16], not [3, 11, W]");
  EXPECT_EQ(problem(at::zeros({3, 11, 8})),
            "layer 1 is [3, 11, 8], not [3, 11, 16]");
}

TEST(RelativeErrorTest, IsThatOfTheWorstPieceInTheWorstLayer) {
  // Pieces of norm 5, 1 and 1000; the error of the second is the worst.
  const at::Tensor alone =
      at::tensor({3.0, 4.0, 0.0, 1.0, 1000.0, 0.0}).view({1, 3, 2});
  at::Tensor ours = at::zeros({2, 5, 2});
  ours[1].narrow(0, 0, 3).copy_(alone[0]);
  ours[1][0][0] += 0.05;  // 1 %
  ours[1][1][1] += 0.02;  // 2 %
  ours[1][2][0] += 10;    // 1 %
  const std::vector<at::Tensor> layers = {ours, ours};
  const std::vector<at::Tensor> alones = {alone, alone};
  EXPECT_NEAR(RelativeError(layers, 1, alones), 0.02, 1e-6);
}

TEST(RelativeErrorTest, IsNotANumberWhereOneIsNot) {
  at::Tensor bad = at::ones({1, 2, 2});
  bad[0][1][0] = std::nan("");
  const std::vector<at::Tensor> good = {at::ones({1, 2, 2})};
  EXPECT_TRUE(std::isnan(RelativeError(std::vector{bad}, 0, good)));
  EXPECT_TRUE(std::isnan(RelativeError(good, 0, std::vector{bad})));
  EXPECT_EQ(RelativeError(good, 0, good), 0);
}

TEST(RelativeErrorTest, IsNotANumberForAnotherNumberOfLayers) {
  const at::Tensor layer = at::ones({1, 2, 2});
  EXPECT_TRUE(
      std::isnan(RelativeError(std::vector{layer, layer}, 0, {{layer}})));
}

TEST(RoundingToleranceTest, GrowsWithTheTypesCoarseness) {
  EXPECT_EQ(RoundingTolerance("float32"), 1e-5);
  EXPECT_LT(RoundingTolerance("float16"), 0.01);
  EXPECT_GT(RoundingTolerance("bfloat16"), RoundingTolerance("float16"));
}

}  // namespace
}  // namespace strata
