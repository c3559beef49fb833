// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_BASE_HOST_TENSOR_H_
#define STRATA_CORE_BASE_HOST_TENSOR_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
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
// owner (a batch leaves the device in a single copy), which lives until the
// last of them, or the network slice made of one, is gone.
struct HostTensor {
  DataType dtype = DataType::kFloat32;
  std::vector<std::int64_t> shape;
  // Keeps the memory of the blocks alive.
  std::shared_ptr<const void> owner;
  // Bytes that the owner keeps, with those of the tensors that share it.
  std::int64_t owner_bytes = 0;
  // The numbers, one block after the other: as many as the places where they
  // lie, one for each layer say. None is empty.
  std::vector<std::span<const std::byte>> blocks;

  // Bytes of all blocks.
  [[nodiscard]] std::size_t bytes() const {
    return std::accumulate(
        blocks.begin(), blocks.end(), std::size_t{0},
        [](std::size_t sum, auto block) { return sum + block.size(); });
  }
};

}  // namespace strata

#endif  // STRATA_CORE_BASE_HOST_TENSOR_H_
