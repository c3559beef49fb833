// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_ENGINE_GUARDED_H_
#define STRATA_CORE_ENGINE_GUARDED_H_

#include <type_traits>

#include "core/base/error.h"
#include "core/base/memory_guard.h"

namespace strata {

// What `work` on a text returns, a status or a StatusOr; where it throws, as
// the libraries beneath may, TOKENIZER_FAILED, or SERVER_FULL for want of
// memory. What an exception says may hold the text and is left out.
template <typename Work>
std::invoke_result_t<const Work&> Guarded(const Work& work) {
  try {
    return GuardMemory("tokenize it", work);
  } catch (...) {
    return Error(Reason::kTokenizerFailed,
                 "the tokenizer threw an exception; its message is left out "
                 "since it may hold the text");
  }
}

}  // namespace strata

#endif  // STRATA_CORE_ENGINE_GUARDED_H_
