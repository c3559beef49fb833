// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_BASE_MEMORY_GUARD_H_
#define STRATA_CORE_BASE_MEMORY_GUARD_H_

#include <new>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/error.h"

namespace strata {

// What `work` returns, a status or a StatusOr; SERVER_FULL where the host has
// no memory to do `what`, as "read the request".
template <typename Work>
std::invoke_result_t<const Work&> GuardMemory(absl::string_view what,
                                              const Work& work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return FullError(absl::StrCat("the host has no memory to ", what),
                     absl::Seconds(1));
  }
}

}  // namespace strata

#endif  // STRATA_CORE_BASE_MEMORY_GUARD_H_
