// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_CLIENT_MAKE_TENSOR_H_
#define STRATA_TESTS_CLIENT_MAKE_TENSOR_H_

#include <cstdint>
#include <string>
#include <vector>

#include "strata/v1/tensor.pb.h"

namespace strata {

// A tensor as a server would send it; `data` need not fit `shape`.
inline v1::Tensor MakeTensor(v1::DataType dtype,
                             const std::vector<std::int64_t>& shape,
                             const std::string& data) {
  v1::Tensor tensor;
  tensor.set_dtype(dtype);
  tensor.mutable_shape()->Add(shape.begin(), shape.end());
  tensor.set_data(data);
  return tensor;
}

}  // namespace strata

#endif  // STRATA_TESTS_CLIENT_MAKE_TENSOR_H_
