// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_TENSOR_MASK_FORM_H_
#define STRATA_CORE_TENSOR_MASK_FORM_H_

namespace strata {

// The form of the attention mask that a trace takes. True marks what may be
// attended to.
enum class MaskForm {
  kNone,    // No mask argument.
  kPieces,  // bool [B, T].
  kKeys,    // bool [B, 1, 1, T].
  kPairs,   // bool [B, 1, T, T]: says for each query which keys it sees.
  kDict,    // Dict(str, Tensor) of one bool [B, 1, 1, T] under "bool_mask".
};

}  // namespace strata

#endif  // STRATA_CORE_TENSOR_MASK_FORM_H_
