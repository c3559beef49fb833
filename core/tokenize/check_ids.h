// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_TOKENIZE_CHECK_IDS_H_
#define STRATA_CORE_TOKENIZE_CHECK_IDS_H_

#include <cstdint>
#include <span>

#include "absl/status/status.h"

namespace strata {

// INVALID_ARGUMENT, naming the first of `ids` that is outside
// [0, vocabulary_size).
absl::Status CheckIds(std::span<const std::int64_t> ids,
                      std::int64_t vocabulary_size);

}  // namespace strata

#endif  // STRATA_CORE_TOKENIZE_CHECK_IDS_H_
