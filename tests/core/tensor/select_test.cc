// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/tensor/select.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "core/base/host_tensor.h"
#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "core/tensor/forward_outputs.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/host_bytes.h"
#include "torch/script.h"

namespace strata {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::Pointwise;

constexpr int kWidth = 3;
constexpr int kLayers = 4;

// Vectors, of pieces or pooled.
using Vectors = std::vector<std::vector<float>>;

template <typename Number>
std::vector<float> NumbersAs(const HostTensor& tensor) {
  const std::vector<std::byte> bytes = Bytes(tensor);
  std::vector<Number> numbers(bytes.size() / sizeof(Number));
  std::memcpy(numbers.data(), bytes.data(), bytes.size());
  return {numbers.begin(), numbers.end()};
}

std::vector<float> Numbers(const HostTensor& tensor) {
  switch (tensor.dtype) {
    case DataType::kFloat32:
      return NumbersAs<float>(tensor);
    case DataType::kFloat16:
      return NumbersAs<c10::Half>(tensor);
    case DataType::kBFloat16:
      return NumbersAs<c10::BFloat16>(tensor);
  }
  return {};
}

// What a layer holds at a place: different everywhere, of either sign.
float At(int layer, int row, int place, int channel) {
  const int number = channel + (kWidth * (place + (10 * (row + (10 * layer)))));
  return std::sin(static_cast<float>(number)) * 3;
}

std::vector<at::Tensor> MakeLayers(int rows, int length,
                                   at::ScalarType dtype = at::kFloat) {
  std::vector<at::Tensor> layers;
  for (int layer = 0; layer < kLayers; ++layer) {
    at::Tensor tensor = at::empty({rows, length, kWidth});
    auto places = tensor.accessor<float, 3>();
    for (int row = 0; row < rows; ++row) {
      for (int place = 0; place < length; ++place) {
        for (int channel = 0; channel < kWidth; ++channel) {
          places[row][place][channel] = At(layer, row, place, channel);
        }
      }
    }
    layers.push_back(tensor.to(dtype));
  }
  return layers;
}

// The plain loops that SelectOutputs is held to.

std::vector<float> MeanOf(const Vectors& states, std::int64_t begin,
                          std::int64_t end) {
  std::vector<float> mean(kWidth, 0);
  for (std::int64_t i = begin; i < end; ++i) {
    for (int c = 0; c < kWidth; ++c) mean[c] += states[i][c];
  }
  for (float& number : mean) number /= static_cast<float>(end - begin);
  return mean;
}

Vectors PoolPlainly(const Vectors& states, const OutputSpec& spec,
                    const Sequence& sequence) {
  const int pieces = sequence.pieces();
  switch (spec.pooling) {
    case Pooling::kNone: {
      if (spec.positions.empty()) return states;
      Vectors chosen;
      for (const int p : spec.positions) {
        chosen.push_back(states[p < 0 ? p + pieces : p]);
      }
      return chosen;
    }
    case Pooling::kMean:
      return {MeanOf(states, 0, pieces)};
    case Pooling::kFirst:
      return {states.front()};
    case Pooling::kLast:
      return {states.back()};
    case Pooling::kMax: {
      std::vector<float> most(kWidth, std::numeric_limits<float>::lowest());
      for (const auto& state : states) {
        for (int c = 0; c < kWidth; ++c) most[c] = std::max(most[c], state[c]);
      }
      return {most};
    }
    case Pooling::kSpans: {
      Vectors means;
      for (const auto& [begin, end] : sequence.spans) {
        means.push_back(MeanOf(states, begin, end));
      }
      return means;
    }
  }
  return {};
}

// The numbers that `spec` should give for a sequence at `begin` of `row`.
std::vector<float> SelectPlainly(const OutputSpec& spec,
                                 const Sequence& sequence, int row, int begin) {
  std::vector<float> numbers;
  for (const int layer : spec.layers) {
    Vectors states(sequence.pieces());
    for (int p = 0; p < sequence.pieces(); ++p) {
      for (int c = 0; c < kWidth; ++c) {
        states[p].push_back(At(layer, row, begin + p, c));
      }
    }
    for (auto& vector : PoolPlainly(states, spec, sequence)) {
      if (spec.dimensions > 0) vector.resize(spec.dimensions);
      float squares = 0;
      for (const float number : vector) squares += number * number;
      for (const float number : vector) {
        numbers.push_back(spec.normalize ? number / std::sqrt(squares)
                                         : number);
      }
    }
  }
  return numbers;
}

Sequence MakeSequence(int pieces, std::vector<OutputSpec> outputs) {
  return {.ids = std::vector<std::int64_t>(pieces, 1),
          .outputs = std::make_shared<const std::vector<OutputSpec>>(
              std::move(outputs))};
}

std::vector<std::vector<HostTensor>> Select(
    const ForwardOutputs& outputs, const std::vector<Sequence>& sequences,
    const BatchPlan& plan) {
  std::vector<const Sequence*> pointers;
  pointers.reserve(sequences.size());
  for (const Sequence& sequence : sequences) pointers.push_back(&sequence);
  return SelectOutputs(outputs, pointers, plan);
}

std::vector<std::vector<HostTensor>> Select(
    const std::vector<at::Tensor>& layers,
    const std::vector<Sequence>& sequences, const BatchPlan& plan) {
  return Select(ForwardOutputs{.layers = layers, .logits = {}}, sequences,
                plan);
}

float ToleranceOf(DataType dtype) {
  switch (dtype) {
    case DataType::kFloat32:
      return 1e-6F;
    case DataType::kFloat16:
      return 2e-3F;
    default:
      return 1.5e-2F;
  }
}

struct SpecCase {
  std::string name;
  OutputSpec spec;
  std::vector<std::int64_t> shape;  // For the sequence of 4 pieces, 2 spans.
};

class SelectSpecTest : public testing::TestWithParam<SpecCase> {};

// Two rows, the second with two members, so that rows and places count.
TEST_P(SelectSpecTest, GivesWhatPlainLoopsGive) {
  const OutputSpec& spec = GetParam().spec;
  std::vector<Sequence> sequences = {MakeSequence(3, {spec}),
                                     MakeSequence(2, {spec}),
                                     MakeSequence(4, {spec})};
  sequences[0].spans = {{0, 3}};
  sequences[1].spans = {{1, 2}};
  sequences[2].spans = {{0, 2}, {1, 4}};
  const BatchPlan plan{.rows = {{{1}}, {{0, 2}}}, .length = 8};

  const auto results = Select(MakeLayers(2, 8), sequences, plan);

  const auto expect = [&](int member, int row, int begin) {
    ASSERT_EQ(results[member].size(), 1);
    EXPECT_EQ(results[member][0].dtype, spec.dtype);
    EXPECT_EQ(results[member][0].shape,
              OutputShape(spec, sequences[member], {.hidden_states = kWidth}));
    EXPECT_THAT(Numbers(results[member][0]),
                Pointwise(FloatNear(ToleranceOf(spec.dtype)),
                          SelectPlainly(spec, sequences[member], row, begin)));
  };
  expect(1, 0, 0);
  expect(0, 1, 0);
  expect(2, 1, 3);
  EXPECT_EQ(results[2][0].shape, GetParam().shape);
}

INSTANTIATE_TEST_SUITE_P(
    Specs, SelectSpecTest,
    testing::Values(
        SpecCase{"EveryPiece", {.layers = {3}}, {1, 4, 3}},
        SpecCase{
            "LayersInOrderWithDuplicates", {.layers = {2, 0, 2}}, {3, 4, 3}},
        SpecCase{"Positions",
                 {.layers = {1}, .positions = {-1, 0, 1, -2}},
                 {1, 4, 3}},
        SpecCase{"Mean", {.layers = {0, 3}, .pooling = Pooling::kMean}, {2, 3}},
        SpecCase{"First", {.layers = {1}, .pooling = Pooling::kFirst}, {1, 3}},
        SpecCase{"Last", {.layers = {1}, .pooling = Pooling::kLast}, {1, 3}},
        SpecCase{"Max", {.layers = {1}, .pooling = Pooling::kMax}, {1, 3}},
        SpecCase{
            "Spans", {.layers = {1, 2}, .pooling = Pooling::kSpans}, {2, 2, 3}},
        SpecCase{"Dimensions", {.layers = {1}, .dimensions = 2}, {1, 4, 2}},
        SpecCase{"Normalized", {.layers = {1}, .normalize = true}, {1, 4, 3}},
        SpecCase{"NormalizedAfterDimensions",
                 {.layers = {1},
                  .pooling = Pooling::kMean,
                  .normalize = true,
                  .dimensions = 2},
                 {1, 2}},
        SpecCase{"NormalizedSpans",
                 {.layers = {1}, .pooling = Pooling::kSpans, .normalize = true},
                 {1, 2, 3}},
        SpecCase{
            "Float16", {.layers = {1}, .dtype = DataType::kFloat16}, {1, 4, 3}},
        SpecCase{"BFloat16",
                 {.layers = {1},
                  .pooling = Pooling::kMean,
                  .dtype = DataType::kBFloat16},
                 {1, 3}}),
    [](const auto& info) { return info.param.name; });

// What it gives of places in a row is what it gives of the same places in one.
TEST_P(SelectSpecTest, JoinsWhatIsSharedWithTheRestAndAnswersCopies) {
  const OutputSpec& spec = GetParam().spec;
  std::vector<Sequence> sequences = {MakeSequence(3, {spec}),
                                     MakeSequence(4, {spec}),
                                     MakeSequence(4, {spec})};
  for (Sequence& sequence : sequences) sequence.spans = {{0, 2}, {1, 3}};
  const std::vector<at::Tensor> layers = MakeLayers(1, 6);
  const auto shared = Select(layers, sequences,
                             {.rows = {{{0, 1}, 2}},
                              .length = 5,
                              .copies = {{.sequence = 2, .of = 1}}});

  std::vector<at::Tensor> whole;
  whole.reserve(layers.size());
  for (const at::Tensor& layer : layers) {
    whole.push_back(layer.index_select(1, at::tensor({0, 1, 2, 0, 1, 3, 4})));
  }
  const auto apart = Select(whole, {sequences[0], sequences[1]},
                            {.rows = {{{0, 1}}}, .length = 7});
  EXPECT_EQ(Numbers(shared[0][0]), Numbers(apart[0][0]));
  EXPECT_EQ(Numbers(shared[1][0]), Numbers(apart[1][0]));
  EXPECT_EQ(Numbers(shared[2][0]), Numbers(apart[1][0]));
  EXPECT_EQ(shared[2][0].shape, shared[1][0].shape);
}

// Logits are held to the hidden states of a layer with the same numbers.
TEST_P(SelectSpecTest, GivesTheSameOfLogits) {
  OutputSpec spec = GetParam().spec;
  spec.layers = {1};
  OutputSpec of_logits = spec;
  of_logits.kind = OutputKind::kLogits;
  of_logits.layers.clear();
  Sequence sequence = MakeSequence(4, {spec, of_logits});
  sequence.spans = {{0, 2}, {1, 4}};
  const auto layers = MakeLayers(2, 8);
  const auto results = Select({.layers = layers, .logits = layers[1]},
                              {MakeSequence(2, {{.layers = {0}}}), sequence},
                              {.rows = {{{0}}, {{1}}}, .length = 8});
  EXPECT_EQ(Numbers(results[1][1]), Numbers(results[1][0]));
  EXPECT_EQ(results[1][1].dtype, spec.dtype);
  std::vector<std::int64_t> shape = results[1][0].shape;
  shape.erase(shape.begin());
  EXPECT_EQ(results[1][1].shape, shape);
}

TEST(SelectTest, LogitsHaveTheVocabularysWidth) {
  const at::Tensor logits = at::arange(2 * 3 * 50, at::kFloat).view({2, 3, 50});
  const auto results = Select({.layers = MakeLayers(2, 3), .logits = logits},
                              {MakeSequence(1, {{.layers = {0}}}),
                               MakeSequence(2, {{.kind = OutputKind::kLogits},
                                                {.kind = OutputKind::kLogits,
                                                 .positions = {-1},
                                                 .dimensions = 2}})},
                              {.rows = {{{0}}, {{1}}}, .length = 3});
  EXPECT_THAT(results[1][0].shape, ElementsAre(2, 50));
  EXPECT_EQ(Numbers(results[1][0]).front(), 150);
  EXPECT_EQ(Numbers(results[1][0]).back(), 249);
  EXPECT_THAT(results[1][1].shape, ElementsAre(1, 2));
  EXPECT_THAT(Numbers(results[1][1]), ElementsAre(200.0F, 201.0F));
}

TEST(SelectTest, LogitsThatAreNotThereAreAnError) {
  EXPECT_THROW(Select(MakeLayers(1, 1),
                      {MakeSequence(1, {{.kind = OutputKind::kLogits}})},
                      {.rows = {{{0}}}, .length = 1}),
               c10::Error);
}

TEST(SelectTest, CastsRoundToNearest) {
  std::vector<at::Tensor> layers = MakeLayers(1, 1);
  const auto results =
      Select(layers,
             {MakeSequence(1, {{.layers = {2}, .dtype = DataType::kFloat16},
                               {.layers = {2}, .dtype = DataType::kBFloat16}})},
             {.rows = {{{0}}}, .length = 1});
  std::vector<float> halves;
  std::vector<float> brains;
  for (int c = 0; c < kWidth; ++c) {
    halves.push_back(c10::Half(At(2, 0, 0, c)));
    brains.push_back(c10::BFloat16(At(2, 0, 0, c)));
  }
  EXPECT_EQ(Numbers(results[0][0]), halves);
  EXPECT_EQ(Numbers(results[0][1]), brains);
}

// 2,049 ones: float16 cannot count past 2,048.
TEST(SelectTest, PoolsLowPrecisionInFloat32) {
  const std::vector<at::Tensor> layers = {
      at::ones({1, 2049, 1}, at::TensorOptions().dtype(at::kHalf))};
  Sequence sequence =
      MakeSequence(2049, {{.layers = {0}, .pooling = Pooling::kMean},
                          {.layers = {0}, .pooling = Pooling::kSpans}});
  sequence.spans = {{0, 2049}};
  const auto results =
      Select(layers, {sequence}, {.rows = {{{0}}}, .length = 2049});
  EXPECT_THAT(Numbers(results[0][0]), ElementsAre(1.0F));
  EXPECT_THAT(Numbers(results[0][1]), ElementsAre(1.0F));
}

// 300 squared is more than float16 holds.
TEST(SelectTest, NormalizesBeforeTheCast) {
  const std::vector<at::Tensor> layers = {
      at::full({1, 1, 2}, 300, at::TensorOptions().dtype(at::kHalf))};
  const auto results = Select(
      layers,
      {MakeSequence(
          1,
          {{.layers = {0}, .normalize = true, .dtype = DataType::kFloat16}})},
      {.rows = {{{0}}}, .length = 1});
  const float half = c10::Half(std::sqrt(0.5F));
  EXPECT_THAT(Numbers(results[0][0]), ElementsAre(half, half));
}

TEST(SelectTest, AZeroVectorStaysZeroWhenNormalized) {
  const auto results =
      Select({at::zeros({1, 1, 2})},
             {MakeSequence(1, {{.layers = {0}, .normalize = true}})},
             {.rows = {{{0}}}, .length = 1});
  EXPECT_THAT(Numbers(results[0][0]), ElementsAre(0.0F, 0.0F));
}

TEST(SelectTest, SpansOfNoSpansAreEmpty) {
  const auto results =
      Select(MakeLayers(1, 2),
             {MakeSequence(2, {{.layers = {0}, .pooling = Pooling::kSpans},
                               {.layers = {0}, .pooling = Pooling::kFirst}})},
             {.rows = {{{0}}}, .length = 2});
  EXPECT_THAT(results[0][0].shape, ElementsAre(1, 0, kWidth));
  EXPECT_TRUE(results[0][0].blocks.empty());
  EXPECT_THAT(Numbers(results[0][1]),
              ElementsAre(At(0, 0, 0, 0), At(0, 0, 0, 1), At(0, 0, 0, 2)));
}

TEST(SelectTest, AllShareOneBufferAtAlignedPlaces) {
  auto results =
      Select(MakeLayers(2, 3),
             {MakeSequence(3, {{.layers = {0}, .normalize = true},
                               {.layers = {1}, .dimensions = 1}}),
              MakeSequence(2, {{.layers = {2}, .dtype = DataType::kBFloat16}})},
             {.rows = {{{0}}, {{1}}}, .length = 3});
  const std::byte* start = results[0][0].blocks[0].data();
  for (const auto& outputs : results) {
    for (const HostTensor& tensor : outputs) {
      EXPECT_EQ(tensor.owner, results[0][0].owner);
      EXPECT_EQ(tensor.owner_bytes, 3 * 64);
      ASSERT_EQ(tensor.blocks.size(), 1);
      EXPECT_EQ((tensor.blocks[0].data() - start) % 64, 0);
    }
  }
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(start) % 64, 0);
}

TEST(SelectTest, ATensorOutlivesTheLayersAndTheOthers) {
  std::vector<at::Tensor> layers = MakeLayers(1, 1);
  auto results =
      Select(layers, {MakeSequence(1, {{.layers = {0}}, {.layers = {1}}})},
             {.rows = {{{0}}}, .length = 1});
  const HostTensor kept = results[0][1];
  results.clear();
  layers.clear();
  EXPECT_EQ(kept.owner.use_count(), 1);
  EXPECT_THAT(Numbers(kept),
              ElementsAre(At(1, 0, 0, 0), At(1, 0, 0, 1), At(1, 0, 0, 2)));
}

}  // namespace
}  // namespace strata
