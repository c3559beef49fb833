// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/tokenize/check_ids.h"

#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace strata {

absl::Status CheckIds(std::span<const std::int64_t> ids,
                      std::int64_t vocabulary_size) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] >= 0 && ids[i] < vocabulary_size) continue;
    return Error(Reason::kInvalidField,
                 absl::StrCat("piece ", i, " has the id ", ids[i],
                              ", which is outside the vocabulary, 0 to ",
                              vocabulary_size - 1));
  }
  return absl::OkStatus();
}

}  // namespace strata
