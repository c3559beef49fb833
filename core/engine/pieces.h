// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_ENGINE_PIECES_H_
#define STRATA_CORE_ENGINE_PIECES_H_

#include <cstdint>
#include <vector>

#include "core/engine/call.h"
#include "core/tokenize/tokenizer.h"

namespace strata {

// A text's tokens as an answer shows them.
std::vector<Piece> PiecesOf(const Tokens& tokens, const Tokenizer& tokenizer);

// What pieces take in an answer.
std::int64_t BytesOf(const std::vector<Piece>& pieces);

}  // namespace strata

#endif  // STRATA_CORE_ENGINE_PIECES_H_
