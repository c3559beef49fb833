// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "strata/tensor_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "strata/v1/tensor.pb.h"
#include "tests/client/make_tensor.h"

namespace strata {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(TensorView, ReadsFloat32) {
  const v1::Tensor tensor =
      MakeTensor(v1::DATA_TYPE_FLOAT32, {1, 2},
                 std::string("\x00\x00\x80\x3F\x00\x00\x20\xC1", 8));
  const auto view = TensorView::Create(tensor);
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_THAT(view->shape(), ElementsAre(1, 2));
  EXPECT_EQ(view->size(), 2U);
  EXPECT_THAT(view->ToFloats(), ElementsAre(1.0F, -10.0F));
  EXPECT_THAT(view->ToFloats(1), ElementsAre(1.0F));
  EXPECT_THAT(view->ToFloats(5), ElementsAre(1.0F, -10.0F));
}

TEST(TensorView, ReadsFloat16AndBfloat16) {
  const std::string bytes("\x00\x3C\x00\xC0", 4);
  const v1::Tensor half = MakeTensor(v1::DATA_TYPE_FLOAT16, {2}, bytes);
  EXPECT_THAT(TensorView::Create(half)->ToFloats(), ElementsAre(1.0F, -2.0F));
  const v1::Tensor brain = MakeTensor(v1::DATA_TYPE_BFLOAT16, {2},
                                      std::string("\x80\x3F\x20\xC1", 4));
  EXPECT_THAT(TensorView::Create(brain)->ToFloats(), ElementsAre(1.0F, -10.0F));
}

TEST(TensorView, ScalarAndEmpty) {
  const v1::Tensor scalar =
      MakeTensor(v1::DATA_TYPE_BFLOAT16, {}, std::string("\x80\x3F", 2));
  EXPECT_THAT(TensorView::Create(scalar)->ToFloats(), ElementsAre(1.0F));
  const v1::Tensor empty = MakeTensor(v1::DATA_TYPE_FLOAT32, {0, 384}, "");
  EXPECT_EQ(TensorView::Create(empty)->size(), 0U);
}

TEST(TensorView, RefusesWhatDoesNotAgree) {
  const auto status = [](v1::DataType dtype,
                         const std::vector<std::int64_t>& shape,
                         const std::string& data) {
    return TensorView::Create(MakeTensor(dtype, shape, data)).status();
  };
  const auto shorter = status(v1::DATA_TYPE_FLOAT32, {2, 3}, "12345678");
  EXPECT_EQ(shorter.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(shorter.message()),
              HasSubstr("shape [2, 3] and 4 bytes a number holds 8 bytes"));
  EXPECT_THAT(
      std::string(status(v1::DATA_TYPE_UNSPECIFIED, {1}, "1234").message()),
      HasSubstr("a tensor of type 0, which this client does not know"));
  EXPECT_FALSE(status(v1::DATA_TYPE_FLOAT32, {-1}, "").ok());
  // A product that would wrap around to 0.
  const std::int64_t huge = std::int64_t{1} << 32;
  EXPECT_FALSE(status(v1::DATA_TYPE_FLOAT32, {huge, huge}, "").ok());
}

TEST(FloatFromHalf, EdgesOfTheFormat) {
  EXPECT_EQ(FloatFromHalf(0x0000), 0.0F);
  EXPECT_TRUE(std::signbit(FloatFromHalf(0x8000)));
  EXPECT_EQ(FloatFromHalf(0x3555), 0.333251953125F);
  EXPECT_EQ(FloatFromHalf(0x7BFF), 65504.0F);
  EXPECT_EQ(FloatFromHalf(0x0400), std::ldexp(1.0F, -14));
  EXPECT_EQ(FloatFromHalf(0x0001), std::ldexp(1.0F, -24));
  EXPECT_EQ(FloatFromHalf(0x83FF), -std::ldexp(1023.0F, -24));
  EXPECT_EQ(FloatFromHalf(0x7C00), std::numeric_limits<float>::infinity());
  EXPECT_EQ(FloatFromHalf(0xFC00), -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(FloatFromHalf(0x7E00)));
}

TEST(FloatFromBfloat16, IsTheUpperHalf) {
  EXPECT_EQ(FloatFromBfloat16(0x3F80), 1.0F);
  EXPECT_EQ(FloatFromBfloat16(0x4049), 3.140625F);
  EXPECT_EQ(FloatFromBfloat16(0xFF80), -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(FloatFromBfloat16(0x7FC0)));
}

}  // namespace
}  // namespace strata
