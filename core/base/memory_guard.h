// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_MEMORY_GUARD_H_
#define STRATA_SERVER_MEMORY_GUARD_H_

#include <new>
#include <type_traits>

#include "absl/time/time.h"
#include "core/base/error.h"

namespace strata {

// What `work` returns, which reads a request into a status or a StatusOr;
// SERVER_FULL where the host has no memory for it: a message of many small
// numbers is larger in memory than on the wire.
template <typename Work>
std::invoke_result_t<const Work&> GuardMemory(const Work& work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return FullError("the host has no memory to read the request",
                     absl::Seconds(1));
  }
}

}  // namespace strata

#endif  // STRATA_SERVER_MEMORY_GUARD_H_
