// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_FAKES_HOST_NUMBERS_H_
#define STRATA_TESTS_FAKES_HOST_NUMBERS_H_

#include <cstddef>
#include <cstring>
#include <vector>

#include "core/base/host_tensor.h"
#include "tests/fakes/host_bytes.h"

namespace strata {

// The numbers of a FLOAT32 tensor.
inline std::vector<float> Numbers(const HostTensor& tensor) {
  const std::vector<std::byte> bytes = Bytes(tensor);
  std::vector<float> numbers(bytes.size() / sizeof(float));
  std::memcpy(numbers.data(), bytes.data(), bytes.size());
  return numbers;
}

}  // namespace strata

#endif  // STRATA_TESTS_FAKES_HOST_NUMBERS_H_
