// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "strata/tensor_view.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "strata/v1/tensor.pb.h"

namespace strata {
namespace {

// The little-endian integer at `offset`, whatever this machine's own order.
template <typename Integer>
Integer Load(absl::string_view bytes, std::size_t offset) {
  Integer value = 0;
  for (std::size_t i = 0; i < sizeof(Integer); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[offset + i]);
    value = static_cast<Integer>(value | (Integer{byte} << (8 * i)));
  }
  return value;
}

// The product of the dimensions; nullopt where one is negative or the product
// is more than memory could hold.
std::optional<std::size_t> CountOf(std::span<const std::int64_t> shape) {
  constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max() / 8;
  std::size_t count = 1;
  for (const std::int64_t dimension : shape) {
    if (dimension < 0) return std::nullopt;
    const auto factor = static_cast<std::size_t>(dimension);
    if (factor != 0 && count > kMost / factor) return std::nullopt;
    count *= factor;
  }
  return count;
}

std::span<const std::int64_t> ShapeOf(const v1::Tensor& tensor) {
  return {tensor.shape().data(), static_cast<std::size_t>(tensor.shape_size())};
}

}  // namespace

std::size_t BytesPerNumber(v1::DataType dtype) {
  switch (dtype) {
    case v1::DATA_TYPE_FLOAT32:
      return 4;
    case v1::DATA_TYPE_FLOAT16:
    case v1::DATA_TYPE_BFLOAT16:
      return 2;
    default:
      return 0;
  }
}

float FloatFromHalf(std::uint16_t bits) {
  const float sign = (bits & 0x8000U) != 0 ? -1.0F : 1.0F;
  const int exponent = (bits >> 10U) & 0x1F;
  const auto fraction = static_cast<float>(bits & 0x3FFU);
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  if (exponent == 31) {
    return fraction == 0 ? sign * std::numeric_limits<float>::infinity()
                         : std::numeric_limits<float>::quiet_NaN();
  }
  return sign * std::ldexp(fraction + 1024.0F, exponent - 25);
}

float FloatFromBfloat16(std::uint16_t bits) {
  return std::bit_cast<float>(std::uint32_t{bits} << 16U);
}

absl::StatusOr<TensorView> TensorView::Create(const v1::Tensor& tensor) {
  const std::size_t width = BytesPerNumber(tensor.dtype());
  if (width == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("a tensor of type ", tensor.dtype(),
                     ", which this client does not know; use a client as new "
                     "as the server"));
  }
  const auto count = CountOf(ShapeOf(tensor));
  if (!count.has_value() || *count * width != tensor.data().size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a tensor of shape [", absl::StrJoin(tensor.shape(), ", "), "] and ",
        width, " bytes a number holds ", tensor.data().size(),
        " bytes of data; the two must agree"));
  }
  return TensorView(tensor, *count);
}

std::span<const std::int64_t> TensorView::shape() const {
  return ShapeOf(*tensor_);
}

float TensorView::At(std::size_t index) const {
  switch (dtype()) {
    case v1::DATA_TYPE_FLOAT16:
      return FloatFromHalf(Load<std::uint16_t>(bytes(), 2 * index));
    case v1::DATA_TYPE_BFLOAT16:
      return FloatFromBfloat16(Load<std::uint16_t>(bytes(), 2 * index));
    default:  // Create lets no other type through.
      return std::bit_cast<float>(Load<std::uint32_t>(bytes(), 4 * index));
  }
}

std::vector<float> TensorView::ToFloats(std::size_t count) const {
  std::vector<float> floats(std::min(count, size_));
  for (std::size_t i = 0; i < floats.size(); ++i) floats[i] = At(i);
  return floats;
}

}  // namespace strata
