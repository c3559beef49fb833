// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_TENSOR_MASK_FORM_H_
#define STRATA_CORE_TENSOR_MASK_FORM_H_

#include <compare>

#include "absl/strings/string_view.h"

namespace strata {

// The form of the attention mask that a trace takes. True, or 1, marks what may
// be attended to.
enum class MaskForm {
  kNone,    // No mask argument.
  kPieces,  // [B, T].
  kKeys,    // [B, 1, 1, T].
  kPairs,   // [B, 1, T, T]: says for each query which keys it sees.
  kDict,    // Dict(str, Tensor) of one under "bool_mask": [B, 1, 1, T], or
            // [B, 1, T, T] where sequences share a row.
};

// The type of the mask's numbers.
enum class MaskDtype { kBool, kInt64, kFloat32 };

// The name that strata.json and reports use.
constexpr absl::string_view MaskDtypeName(MaskDtype dtype) {
  switch (dtype) {
    case MaskDtype::kBool:
      return "bool";
    case MaskDtype::kInt64:
      return "int64";
    case MaskDtype::kFloat32:
      return "float32";
  }
  return "unknown";
}

// All that has to be known to make a mask. A form alone means bool.
struct MaskKind {
  MaskKind() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): the dtype is seldom another.
  MaskKind(MaskForm form, MaskDtype dtype = MaskDtype::kBool)
      : form(form), dtype(dtype) {}

  MaskForm form = MaskForm::kNone;
  MaskDtype dtype = MaskDtype::kBool;

  friend auto operator<=>(const MaskKind&, const MaskKind&) = default;
};

}  // namespace strata

#endif  // STRATA_CORE_TENSOR_MASK_FORM_H_
