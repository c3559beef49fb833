// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_TENSOR_SCALAR_TYPE_H_
#define STRATA_CORE_TENSOR_SCALAR_TYPE_H_

#include "core/base/host_tensor.h"
#include "torch/script.h"

namespace strata {

// LibTorch's name of `dtype`.
inline at::ScalarType ToScalarType(DataType dtype) {
  switch (dtype) {
    case DataType::kFloat32:
      return at::kFloat;
    case DataType::kFloat16:
      return at::kHalf;
    case DataType::kBFloat16:
      return at::kBFloat16;
  }
  return at::kFloat;
}

}  // namespace strata

#endif  // STRATA_CORE_TENSOR_SCALAR_TYPE_H_
