// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_ENGINE_TOKENIZE_TEXT_H_
#define STRATA_CORE_ENGINE_TOKENIZE_TEXT_H_

#include <optional>

#include "absl/status/statusor.h"
#include "core/engine/call.h"
#include "core/model/model.h"
#include "core/tokenize/tokenizer.h"

namespace strata {

// How many pieces an input may have, and what happens to more.
struct PieceLimit {
  int max_pieces = 0;
  Truncation truncation = Truncation::kNone;
};

// A text's pieces, as they are encoded.
struct TokenizedText {
  // The ranges count bytes of the text alone; those of a prompt's pieces are
  // empty, at 0.
  Tokens tokens;
  // How many pieces truncation cut away. The prompt's belong to the text.
  int truncated_pieces = 0;
};

// The one way from a text to pieces: puts its prompt in front, splits it, with
// its pair, and cuts it to `limit`, if there is one. Errors, of inputs[input]:
// INVALID_FIELD for a prompt that the model does not have, or a character that
// its tokenizer does not know; NOT_SUPPORTED_BY_MODEL for a pair where the
// tokenizer joins none; those of Tokenizer::Encode and ChooseLengths.
absl::StatusOr<TokenizedText> TokenizeText(
    const TextInput& text, const Model& model, bool add_special_pieces,
    const std::optional<PieceLimit>& limit, int input);

}  // namespace strata

#endif  // STRATA_CORE_ENGINE_TOKENIZE_TEXT_H_
