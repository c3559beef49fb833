// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/engine/pieces.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/engine/call.h"
#include "core/tokenize/tokenizer.h"

namespace strata {

std::vector<Piece> PiecesOf(const Tokens& tokens, const Tokenizer& tokenizer) {
  std::vector<Piece> pieces;
  pieces.reserve(tokens.ids.size());
  for (std::size_t i = 0; i < tokens.ids.size(); ++i) {
    pieces.push_back({.id = tokens.ids[i],
                      .text = tokenizer.PieceText(tokens.ids[i]),
                      .range = tokens.ranges[i],
                      .in_pair = tokens.origins[i] == PieceOrigin::kPair});
  }
  return pieces;
}

std::int64_t BytesOf(const std::vector<Piece>& pieces) {
  std::int64_t bytes = 0;
  for (const Piece& piece : pieces) {
    bytes += static_cast<std::int64_t>(sizeof(Piece) + piece.text.size());
  }
  return bytes;
}

}  // namespace strata
