// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_BASE_HOST_TENSOR_H_
#define STRATA_CORE_BASE_HOST_TENSOR_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace strata {

// Type of a returned tensor's numbers.
enum class DataType { kFloat32, kFloat16, kBFloat16 };

// Bytes of one number.
constexpr std::int64_t ByteSize(DataType dtype) {
  return dtype == DataType::kFloat32 ? 4 : 2;
}

// Numbers in host memory, little-endian, row-major. Several tensors share one
// buffer (a batch leaves the device in a single copy), and the buffer lives
// until the last of them, or the network slice made of one, is gone.
struct HostTensor {
  DataType dtype = DataType::kFloat32;
  std::vector<std::int64_t> shape;
  // Keeps the memory behind `data` alive.
  std::shared_ptr<const void> owner;
  std::span<const std::byte> data;
};

}  // namespace strata

#endif  // STRATA_CORE_BASE_HOST_TENSOR_H_
