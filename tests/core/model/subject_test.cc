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
#include "core/model/trace.h"
#include "core/tensor/mask_form.h"
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

TEST(StretchTest, IsAPartOfARowOfEachLayer) {
  const at::Tensor layer = at::arange(24).view({2, 4, 3});
  const LayerTensors stretch = Stretch(std::vector{layer, layer + 1}, 1, 2, 2);
  ASSERT_EQ(stretch.size(), 2);
  EXPECT_TRUE(at::equal(stretch[0], at::arange(18, 24).view({1, 2, 3})));
  EXPECT_TRUE(at::equal(stretch[1], at::arange(19, 25).view({1, 2, 3})));
}

TEST(RelativeErrorTest, IsThatOfTheWorstPieceInTheWorstLayer) {
  // Pieces of norm 5, 1 and 1000; the error of the second is the worst.
  const at::Tensor alone =
      at::tensor({3.0, 4.0, 0.0, 1.0, 1000.0, 0.0}).view({1, 3, 2});
  at::Tensor ours = alone.clone();
  ours[0][0][0] += 0.05;  // 1 %
  ours[0][1][1] += 0.02;  // 2 %
  ours[0][2][0] += 10;    // 1 %
  EXPECT_NEAR(
      RelativeError(std::vector{alone, ours}, std::vector{alone, alone}), 0.02,
      1e-6);
}

TEST(RelativeErrorTest, IsNotANumberWhereOneIsNot) {
  at::Tensor bad = at::ones({1, 2, 2});
  bad[0][1][0] = std::nan("");
  const std::vector<at::Tensor> good = {at::ones({1, 2, 2})};
  EXPECT_TRUE(std::isnan(RelativeError(std::vector{bad}, good)));
  EXPECT_TRUE(std::isnan(RelativeError(good, std::vector{bad})));
  EXPECT_EQ(RelativeError(good, good), 0);
}

TEST(RelativeErrorTest, IsNotANumberForAnotherNumberOfLayers) {
  const at::Tensor layer = at::ones({1, 2, 2});
  EXPECT_TRUE(
      std::isnan(RelativeError(std::vector{layer, layer}, std::vector{layer})));
}

class RunOnceTest : public testing::Test {
 protected:
  RunOnceTest() {
    subject_.report.vocabulary_size = kTestVocabulary;
    subject_.report.SetMask(MaskForm::kPairs);
  }

  Trace trace_ = LoadTestTrace("pairs");
  const ModelConfig config_;
  Subject subject_{.trace = trace_, .config = config_, .clock = Clock::Real()};
};

TEST_F(RunOnceTest, RunsTheSameOnce) {
  const std::vector<Sequence> probe = {Probe(subject_, 5, 0)};
  const auto& first = OutputsOnce(subject_, probe);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(&OutputsOnce(subject_, probe), &first);
  EXPECT_EQ(subject_.forwards, 1);
  ASSERT_TRUE(RunOnce(subject_, {Probe(subject_, 5, 1)}).ok());
  EXPECT_EQ(subject_.forwards, 2);
  subject_.report.SetMask({MaskForm::kPairs, MaskDtype::kInt64});
  ASSERT_TRUE(RunOnce(subject_, probe).ok());
  EXPECT_EQ(subject_.forwards, 3);
}

TEST_F(RunOnceTest, ASequenceIsComparedWithItselfAlone) {
  const std::vector<Sequence> probes = MixedProbes(subject_);
  const auto row = LayPackedRow(subject_, probes);
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_EQ(row->ids.sizes().vec(), (std::vector<std::int64_t>{1, 21}));
  const auto layers = RunWhole(subject_, *row).value();
  EXPECT_LT(ErrorAgainstAlone(subject_, layers, 0, 11, probes[1]).value(),
            1e-5);
  EXPECT_GT(ErrorAgainstAlone(subject_, layers, 0, 10, probes[1]).value(), 0.1);
}

TEST_F(RunOnceTest, ARowIsNotPackedWithoutAMaskForIt) {
  subject_.report.SetMask(MaskForm::kKeys);
  EXPECT_EQ(LayPackedRow(subject_, MixedProbes(subject_)).status().message(),
            "a row of several sequences needs a [B, 1, T, T] mask");
}

TEST(RoundingToleranceTest, GrowsWithTheTypesCoarseness) {
  EXPECT_EQ(RoundingTolerance("float32"), 1e-5);
  EXPECT_LT(RoundingTolerance("float16"), 0.01);
  EXPECT_GT(RoundingTolerance("bfloat16"), RoundingTolerance("float16"));
}

}  // namespace
}  // namespace strata
