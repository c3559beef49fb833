// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_FAKES_COUNTING_TENSOR_H_
#define STRATA_TESTS_FAKES_COUNTING_TENSOR_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/host_tensor.h"

namespace strata {

// A FLOAT16 tensor whose bytes count up from `first`; they need not fit
// `shape`.
inline HostTensor CountingTensor(std::vector<std::int64_t> shape,
                                 std::size_t bytes, unsigned char first) {
  auto memory = std::make_shared<std::vector<std::byte>>(bytes);
  std::ranges::generate(*memory, [&first] { return std::byte{first++}; });
  return {.dtype = DataType::kFloat16,
          .shape = std::move(shape),
          .owner = memory,
          .blocks = {*memory}};
}

}  // namespace strata

#endif  // STRATA_TESTS_FAKES_COUNTING_TENSOR_H_
