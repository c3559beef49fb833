// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/output_form.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/error.h"
#include "core/tensor/forward_outputs.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "torch/script.h"

namespace strata {
namespace {

constexpr std::int64_t kWidth = 4;
constexpr std::int64_t kVocabulary = 9;

// Layers, a cache and logits of 2 rows of 3 places.
at::Tensor Layer(std::int64_t width = kWidth) {
  return at::zeros({2, 3, width});
}
at::Tensor Logits(std::int64_t width = kVocabulary) {
  return at::ones({2, 3, width});
}
c10::IValue Tuple(std::vector<c10::IValue> elements) {
  return c10::ivalue::Tuple::create(std::move(elements));
}
c10::IValue Cache() {
  const at::Tensor kv = at::zeros({2, 1, 3, 4});
  return Tuple({Tuple({kv, kv}), Tuple({kv, kv})});
}
c10::IValue TensorList(const std::vector<at::Tensor>& tensors) {
  return c10::List<at::Tensor>(tensors);
}

std::vector<at::Tensor> Beside(const ForwardOutputs& outputs) {
  std::vector<at::Tensor> beside;
  for (const at::Tensor& tensor : outputs.beside) {
    if (tensor.defined()) beside.push_back(tensor);
  }
  return beside;
}

struct FormCase {
  std::string name;
  c10::IValue output;
  int layers;
  // 0: none.
  std::int64_t logits_width;
  std::optional<int> told_layers = std::nullopt;
};

class OutputFormTest : public testing::TestWithParam<FormCase> {};

TEST_P(OutputFormTest, IsRead) {
  const auto outputs =
      ReadOutputs(GetParam().output, {.layers = GetParam().told_layers});
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  EXPECT_EQ(outputs->layers.size(), GetParam().layers);
  const std::vector<at::Tensor> beside = Beside(*outputs);
  ASSERT_EQ(beside.size(), GetParam().logits_width > 0 ? 1 : 0);
  for (const at::Tensor& logits : beside) {
    EXPECT_EQ(logits.size(2), GetParam().logits_width);
    EXPECT_TRUE(logits.equal(at::ones_like(logits)));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Forms, OutputFormTest,
    testing::Values(
        FormCase{"Single", Layer(), 1, 0},
        FormCase{"Flat", Tuple({Layer(), Layer(), Layer()}), 3, 0},
        FormCase{"FlatWithLogits", Tuple({Layer(), Layer(), Logits()}), 2, 9},
        FormCase{"HiddenAndLogits", Tuple({Layer(), Logits()}), 1, 9},
        FormCase{"FlatWithCacheAndLogits",
                 Tuple({Layer(), Layer(), Cache(), Logits()}), 2, 9},
        FormCase{"FlatWithPooled",
                 Tuple({Layer(), Layer(), at::zeros({2, kWidth})}), 2, 0},
        FormCase{"List", TensorList({Layer(), Layer()}), 2, 0},
        FormCase{"ListWithLogits", TensorList({Layer(), Layer(), Logits()}), 2,
                 9},
        FormCase{"Nested", Tuple({Tuple({Layer(), Layer()})}), 2, 0},
        FormCase{"TwiceNested", Tuple({Tuple({Tuple({Layer(), Layer()})})}), 2,
                 0},
        FormCase{"NestedWithCache", Tuple({Tuple({Layer(), Layer()}), Cache()}),
                 2, 0},
        FormCase{"NestedWithLogits",
                 Tuple({Tuple({Layer(), Layer()}), Logits()}), 2, 9},
        FormCase{"NestedWithCacheAndLogits",
                 Tuple({Tuple({Layer(), Layer()}), Cache(), Logits()}), 2, 9},
        FormCase{"NestedListWithListedCacheAndLogits",
                 Tuple({TensorList({Layer(), Layer()}),
                        TensorList({at::zeros({2, 1, 3, 4})}), Logits()}),
                 2, 9},
        // Nested, the place tells logits from layers: widths need not.
        FormCase{"NestedWithLogitsOfTheLayersWidth",
                 Tuple({Tuple({Layer(), Layer()}), Logits(kWidth)}), 2, kWidth},
        FormCase{"FlatWithLogitsOfTheLayersWidth",
                 Tuple({Layer(), Layer(), Logits(kWidth)}), 3, 0},
        FormCase{"FlatWithLogitsOfTheLayersWidthAndTheirCount",
                 Tuple({Layer(), Layer(), Logits(kWidth)}), 2, kWidth, 2},
        FormCase{"TheCountOfAllLayers", Tuple({Layer(), Layer()}), 2, 0, 2},
        FormCase{"TheCountOfASingleLayer", Layer(), 1, 0, 1}),
    [](const auto& info) { return info.param.name; });

TEST(OutputFormTest, LogitsAreOfTheLayersRowsAndPlaces) {
  for (const at::Tensor& other :
       {at::ones({1, 3, 9}), at::ones({2, 1, 9}), at::ones({2, 9})}) {
    EXPECT_TRUE(Beside(*ReadOutputs(Tuple({Layer(), other}), {})).empty());
  }
  EXPECT_TRUE(
      Beside(*ReadOutputs(Tuple({at::ones({2, 4}), at::ones({2, 9})}), {}))
          .empty());
}

TEST(OutputFormTest, WhichAreLogitsIsTold) {
  const c10::IValue output =
      Tuple({Tuple({Layer()}), Cache(), Logits(12), Logits()});
  const auto logits = [&output](std::optional<std::size_t> told) {
    return ReadOutputs(output, {.layers = {}, .logits = told})->logits;
  };
  EXPECT_EQ(logits(1).size(2), 12);
  EXPECT_EQ(logits(2).size(2), kVocabulary);
  EXPECT_FALSE(logits(std::nullopt).defined());
  EXPECT_FALSE(logits(0).defined());
  EXPECT_FALSE(logits(3).defined());
}

struct LogitsCase {
  std::string name;
  // Of the tensors after the layers; 0: a cache.
  std::vector<std::int64_t> widths;
  // Which are taken for logits, of a vocabulary of 9.
  std::optional<std::size_t> chosen;
  // Where the choice fails.
  std::string error;
};

class ChooseLogitsTest : public testing::TestWithParam<LogitsCase> {};

TEST_P(ChooseLogitsTest, GoesByTheVocabulary) {
  std::vector<c10::IValue> output = {Tuple({Layer(), Layer()})};
  for (const std::int64_t width : GetParam().widths) {
    output.push_back(width == 0 ? Cache() : c10::IValue(Logits(width)));
  }
  const auto chosen =
      ChooseLogits(*ReadOutputs(Tuple(std::move(output)), {}), kVocabulary);
  EXPECT_EQ(chosen.status().message(), GetParam().error);
  EXPECT_EQ(chosen.value_or(std::nullopt), GetParam().chosen);
}

INSTANTIATE_TEST_SUITE_P(
    Widths, ChooseLogitsTest,
    testing::Values(
        LogitsCase{"None", {}, std::nullopt},
        LogitsCase{"OnlyACache", {0}, std::nullopt},
        LogitsCase{"TheOnlyOne", {0, 9}, 1},
        // The rows of an embedding are often rounded up.
        LogitsCase{"TheOnlyOneIsWider", {16}, 0},
        LogitsCase{"AfterANarrowOne", {2, 9}, 1},
        LogitsCase{"AfterAWiderOne", {12, 0, 9}, 2},
        LogitsCase{"AfterTwoWiderOnes", {12, 16, 9}, 2},
        LogitsCase{"BeforeAWiderOne", {9, 12}, 0},
        LogitsCase{"AWiderAfterANarrowOne", {4, 12}, 1},
        LogitsCase{"Narrow",
                   {4},
                   std::nullopt,
                   "a tensor of width 4 after the layers, in a vocabulary of "
                   "9"},
        LogitsCase{"AllNarrow",
                   {4, 0, 8},
                   std::nullopt,
                   "tensors of widths 4, 8 after the layers, in a vocabulary "
                   "of 9"},
        LogitsCase{"TwoAsWide",
                   {9, 9},
                   std::nullopt,
                   "tensors of widths 9, 9 after the layers, in a vocabulary "
                   "of 9, of which several could be its logits"},
        LogitsCase{"TwoWider",
                   {12, 16},
                   std::nullopt,
                   "tensors of widths 12, 16 after the layers, in a vocabulary "
                   "of 9, of which several could be its logits"}),
    [](const auto& info) { return info.param.name; });

TEST(OutputFormTest, WhatHoldsNoTensorsIsAnError) {
  for (const c10::IValue& output :
       {c10::IValue(3), Tuple({}), Tuple({Tuple({})}), c10::IValue()}) {
    const absl::Status status = ReadOutputs(output, {}).status();
    EXPECT_EQ(ReasonOf(status), Reason::kForwardFailed);
    EXPECT_THAT(std::string(status.message()),
                testing::HasSubstr("expected a tuple of hidden states"));
  }
}

TEST(OutputFormTest, FewerLayersThanToldAreAnError) {
  const absl::Status status =
      ReadOutputs(Tuple({Layer(), Layer()}), {.layers = 3}).status();
  EXPECT_EQ(ReasonOf(status), Reason::kForwardFailed);
  EXPECT_EQ(status.message(),
            "forward returned 2 tensors, expected at least the 3 of "
            "strata.json's \"layers\"");
}

}  // namespace
}  // namespace strata
