// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_TENSOR_TORCH_CALL_H_
#define STRATA_CORE_TENSOR_TORCH_CALL_H_

#include <exception>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace strata {

// What LibTorch threw, in one line and without a backtrace: RESOURCE_EXHAUSTED
// where the device has no memory, else INTERNAL, reason FORWARD_FAILED.
absl::Status StatusOfTorchException(const std::exception_ptr& thrown);

// Calls `function`, into which LibTorch may throw: the one place where that is
// caught. Returns what it returns.
//
//   CallTorch([&] { return at::zeros({rows, length}); })
template <typename Function>
auto CallTorch(Function&& function)
    -> absl::StatusOr<std::invoke_result_t<Function>> {
  try {
    return std::forward<Function>(function)();
  } catch (...) {
    return StatusOfTorchException(std::current_exception());
  }
}

}  // namespace strata

#endif  // STRATA_CORE_TENSOR_TORCH_CALL_H_
