// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_ENGINE_RESOLVE_H_
#define STRATA_CORE_ENGINE_RESOLVE_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/batch/request.h"
#include "core/engine/call.h"
#include "core/model/model.h"
#include "core/tokenize/tokenizer.h"

namespace strata {

// Checks of a call against its model. Pure functions; every error names the
// field in the wire's names, as "inputs[2].pieces.ids[7]".

// The outputs with layers and dimensions in range, layers counted from 0, and
// an empty list made one output of the last layer. Errors: INVALID_FIELD;
// NOT_SUPPORTED_BY_MODEL for logits of a trace that gives none.
absl::StatusOr<std::shared_ptr<const std::vector<OutputSpec>>> ResolveOutputs(
    const std::vector<OutputSpec>& outputs, const Model& model);

// The longest input of a call: `max_pieces`, 0 being the model's limit.
absl::StatusOr<int> ResolveMaxPieces(int max_pieces, const Model& model);

// What of an input may reach the device before its length is checked: ids
// inside the vocabulary, positions and type ids as many as ids and only for a
// trace that takes them.
absl::Status CheckPieces(const PieceInput& pieces, int input,
                         const Model& model);

// Pieces [begin, end) of a sequence that truncation cuts away.
struct Cut {
  int begin = 0;
  int end = 0;

  int pieces() const { return end - begin; }
};

// What is cut from `pieces` pieces so that `max_pieces` remain, the special
// ones at either end being kept. Errors: INPUT_TOO_LONG with Truncation::kNone,
// or where the special pieces alone are too many.
absl::StatusOr<Cut> ChooseCut(int pieces, int leading_special_pieces,
                              int trailing_special_pieces, int max_pieces,
                              Truncation truncation, int input);

// Removes `cut` from tokens.
Tokens ApplyCut(Tokens tokens, const Cut& cut);

// A text's sequence: `tokens` after the cut, spans of bytes as spans of pieces.
absl::StatusOr<Sequence> SequenceOf(const TextInput& text, const Tokens& tokens,
                                    int input);

// Checked pieces' sequence after the cut.
absl::StatusOr<Sequence> SequenceOf(PieceInput pieces, const Cut& cut,
                                    int input);

// The last check before the queue, of a sequence with its outputs: it has
// pieces, all inside the model's vocabulary (a tokenizer may know more), the
// outputs' positions are inside it, and SPANS has spans.
absl::Status CheckSequence(const Sequence& sequence, int input,
                           const Model& model);

}  // namespace strata

#endif  // STRATA_CORE_ENGINE_RESOLVE_H_
