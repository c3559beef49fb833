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
#include "core/engine/cut.h"
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

// A text's sequence: `tokens` after the cut, spans of bytes as spans of pieces,
// type ids where the model's trace takes them.
absl::StatusOr<Sequence> SequenceOf(const TextInput& text, const Tokens& tokens,
                                    int input, const Model& model);

// Checked pieces' sequence after the cut (see core/engine/cut.h).
absl::StatusOr<Sequence> SequenceOf(PieceInput pieces, const Cut& cut,
                                    int input);

// The last check before the queue, of a sequence with its outputs: it has
// pieces, all inside the model's vocabulary and segments (a tokenizer may know
// more), the outputs' positions are inside it, and SPANS has spans.
absl::Status CheckSequence(const Sequence& sequence, int input,
                           const Model& model);

}  // namespace strata

#endif  // STRATA_CORE_ENGINE_RESOLVE_H_
