// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CPP_TENSOR_VIEW_H_
#define STRATA_CLIENT_CPP_TENSOR_VIEW_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "strata/v1/tensor.pb.h"

namespace strata {

// Bytes of one number of a type; 0 for a type that is not known here.
std::size_t BytesPerNumber(v1::DataType dtype);

// The value of the bits of an IEEE 754 binary16, exactly.
float FloatFromHalf(std::uint16_t bits);
// The value of the bits of a bfloat16, exactly.
float FloatFromBfloat16(std::uint16_t bits);

// Reads a strata.v1.Tensor, whose numbers are little-endian and row-major.
// A view: the tensor must outlive it. Thread-compatible.
class TensorView {
 public:
  // INVALID_ARGUMENT: the type is unknown, a dimension is negative, or the data
  // is not as long as type and shape say.
  static absl::StatusOr<TensorView> Create(const v1::Tensor& tensor);

  [[nodiscard]] v1::DataType dtype() const { return tensor_->dtype(); }
  [[nodiscard]] std::span<const std::int64_t> shape() const;
  // How many numbers it holds.
  [[nodiscard]] std::size_t size() const { return size_; }
  // The numbers as they came.
  [[nodiscard]] absl::string_view bytes() const { return tensor_->data(); }

  // The number at a row-major place; `index` is less than size().
  [[nodiscard]] float At(std::size_t index) const;
  // All of them, or the first `count` where there are more.
  [[nodiscard]] std::vector<float> ToFloats() const { return ToFloats(size_); }
  [[nodiscard]] std::vector<float> ToFloats(std::size_t count) const;

 private:
  TensorView(const v1::Tensor& tensor, std::size_t size)
      : tensor_(&tensor), size_(size) {}

  const v1::Tensor* tensor_;
  std::size_t size_;
};

}  // namespace strata

#endif  // STRATA_CLIENT_CPP_TENSOR_VIEW_H_
