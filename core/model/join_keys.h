// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_JOIN_KEYS_H_
#define STRATA_CORE_MODEL_JOIN_KEYS_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace strata {

// The keys of a map with commas, for errors that say what there is: "1, 3";
// "none" where there are none.
template <typename Map>
std::string JoinKeys(const Map& map) {
  if (map.empty()) return "none";
  return absl::StrJoin(map, ", ", [](std::string* out, const auto& item) {
    absl::StrAppend(out, item.first);
  });
}

}  // namespace strata

#endif  // STRATA_CORE_MODEL_JOIN_KEYS_H_
