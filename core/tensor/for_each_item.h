// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_TENSOR_FOR_EACH_ITEM_H_
#define STRATA_CORE_TENSOR_FOR_EACH_ITEM_H_

#include <cstdint>

#include "ATen/TensorIterator.h"
#include "torch/script.h"

namespace strata {

// Multiplications that are worth waking another thread for.
constexpr std::int64_t kWorthAThread = 1 << 18;

// Calls `compute` for each of 0 to `count` - 1 on LibTorch's threads, `grain`
// or more at a time. at::parallel_for is a template that runs on one thread
// where it is compiled without OpenMP, as we are; an iterator's loop is
// compiled in LibTorch.
template <typename ComputeItem>
void ForEachItem(std::int64_t count, std::int64_t grain,
                 const ComputeItem& compute) {
  const at::Tensor items = at::arange(count, at::kLong);
  at::TensorIterator iterator = at::TensorIteratorConfig()
                                    .check_all_same_dtype(false)
                                    .add_output(items)
                                    .resize_outputs(false)
                                    .build();
  iterator.for_each(
      [&compute](char** data, const std::int64_t* strides, std::int64_t inner,
                 std::int64_t outer) {
        for (std::int64_t i = 0; i < outer; ++i) {
          for (std::int64_t j = 0; j < inner; ++j) {
            const char* const item =
                data[0] + (i * strides[1]) + (j * strides[0]);
            compute(*reinterpret_cast<const std::int64_t*>(item));
          }
        }
      },
      grain);
}

}  // namespace strata

#endif  // STRATA_CORE_TENSOR_FOR_EACH_ITEM_H_
