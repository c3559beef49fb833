// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_OUTPUT_FORM_H_
#define STRATA_CORE_MODEL_OUTPUT_FORM_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "core/tensor/forward_outputs.h"
#include "torch/script.h"

namespace strata {

// What is known of a forward's output.
struct OutputForm {
  // How many of the tensors that lead it are layers; unset: see ReadOutputs.
  std::optional<int> layers;
  // Which of those beside the layers are logits; unset: none.
  std::optional<std::size_t> logits;
};

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
// told from them: `form`, where it knows, says how many of the leading tensors
// are layers. Pure.
//
// Error: FORWARD_FAILED where no tensor leads, or fewer than `form` says.
absl::StatusOr<ForwardOutputs> ReadOutputs(const c10::IValue& output,
                                           const OutputForm& form);

// Which of the tensors beside the layers are the logits of a vocabulary of
// `pieces`: the one as wide, else the one that is wider (an embedding may have
// more rows than the tokenizer has pieces). nullopt where there is no tensor
// [B, T, *] at all. Pure.
//
// Error: NOT_SUPPORTED_BY_MODEL, which tells their widths, where none is as
// wide or several could be meant.
absl::StatusOr<std::optional<std::size_t>> ChooseLogits(
    const ForwardOutputs& outputs, std::int64_t pieces);

}  // namespace strata

#endif  // STRATA_CORE_MODEL_OUTPUT_FORM_H_
