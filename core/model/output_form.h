// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_OUTPUT_FORM_H_
#define STRATA_CORE_MODEL_OUTPUT_FORM_H_

#include <optional>

#include "absl/status/statusor.h"
#include "core/tensor/forward_outputs.h"
#include "torch/script.h"

namespace strata {

// Finds layers and logits in what a trace's forward returned, in any of the
// forms that traces have (L a layer, [B, T, W]; C a cache; X logits, [B, T, V];
// lists may stand for tuples):
//
//   ((L, L, L),)      ((L, L, L), C)      nested, as Curated Transformers
//   ((L, L, L), X)    ((L, L, L), C, X)   returns them
//   (L, L, L)         (L, L, L, X)        flat
//   L                                     the last layer alone
//
// Of a nested form every leading tensor inside is a layer. Of a flat one the
// leading tensors of one shape are, so logits as wide as the layers are not
// told from them: `layers`, where it is set, says how many of the leading
// tensors are layers. Logits are the first tensor of as many rows and places
// that follows. Pure.
//
// Error: FORWARD_FAILED where no tensor leads, or fewer than `layers`.
absl::StatusOr<ForwardOutputs> ReadOutputs(const c10::IValue& output,
                                           std::optional<int> layers);

}  // namespace strata

#endif  // STRATA_CORE_MODEL_OUTPUT_FORM_H_
