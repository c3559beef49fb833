// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_ENGINE_INPUT_FIELD_H_
#define STRATA_CORE_ENGINE_INPUT_FIELD_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace strata {

// What errors call a part of a call's input, in the wire's names:
//
//   InputField(2, ".spans[0]")  // "inputs[2].spans[0]"
inline std::string InputField(int input, absl::string_view rest) {
  return absl::StrCat("inputs[", input, "]", rest);
}

}  // namespace strata

#endif  // STRATA_CORE_ENGINE_INPUT_FIELD_H_
