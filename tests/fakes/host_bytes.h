// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_FAKES_HOST_BYTES_H_
#define STRATA_TESTS_FAKES_HOST_BYTES_H_

#include <cstddef>
#include <vector>

#include "core/base/host_tensor.h"

namespace strata {

// All numbers of a tensor, its blocks put together.
inline std::vector<std::byte> Bytes(const HostTensor& tensor) {
  std::vector<std::byte> bytes;
  for (const auto block : tensor.blocks) {
    bytes.insert(bytes.end(), block.begin(), block.end());
  }
  return bytes;
}

}  // namespace strata

#endif  // STRATA_TESTS_FAKES_HOST_BYTES_H_
