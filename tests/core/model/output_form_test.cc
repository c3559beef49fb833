// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/output_form.h"

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
  const auto outputs = ReadOutputs(GetParam().output, GetParam().told_layers);
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  EXPECT_EQ(outputs->layers.size(), GetParam().layers);
  ASSERT_EQ(outputs->logits.defined(), GetParam().logits_width > 0);
  if (outputs->logits.defined()) {
    EXPECT_EQ(outputs->logits.size(2), GetParam().logits_width);
    EXPECT_TRUE(outputs->logits.equal(at::ones_like(outputs->logits)));
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
    EXPECT_FALSE(ReadOutputs(Tuple({Layer(), other}), {})->logits.defined());
  }
  EXPECT_FALSE(ReadOutputs(Tuple({at::ones({2, 4}), at::ones({2, 9})}), {})
                   ->logits.defined());
}

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
      ReadOutputs(Tuple({Layer(), Layer()}), 3).status();
  EXPECT_EQ(ReasonOf(status), Reason::kForwardFailed);
  EXPECT_EQ(status.message(),
            "forward returned 2 tensors, expected at least the 3 of "
            "strata.json's \"layers\"");
}

}  // namespace
}  // namespace strata
