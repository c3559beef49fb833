// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_ENGINE_CUT_H_
#define STRATA_CORE_ENGINE_CUT_H_

#include <vector>

#include "absl/status/statusor.h"
#include "core/engine/call.h"
#include "core/tokenize/tokenizer.h"

namespace strata {

// Truncation, as pure functions: what of an input is cut away so that it fits.
// The cuts are those of Hugging Face's tokenizers with the strategy
// longest_first.

// How many pieces of an input were made from what (see PieceOrigin).
struct PieceCounts {
  int special = 0;
  int text = 0;
  int pair = 0;

  int all() const { return special + text + pair; }

  friend bool operator==(const PieceCounts&, const PieceCounts&) = default;
};

// What remains of `counts` where `max_pieces` may: all special pieces, and as
// much of the texts as there is room for, taken piece by piece from the longer
// one (the first, where they have become equally long). Errors, of
// inputs[input]: INPUT_TOO_LONG with Truncation::kNone, or where the special
// pieces leave no room.
//
//   // [CLS] a b c d [SEP] e f [SEP]
//   ChooseLengths({.special = 3, .text = 4, .pair = 2}, 8, kRight, 0)
//   // .special = 3, .text = 3, .pair = 2
absl::StatusOr<PieceCounts> ChooseLengths(const PieceCounts& counts,
                                          int max_pieces, Truncation truncation,
                                          int input);

// Pieces [begin, end) of a sequence that truncation cuts away.
struct Cut {
  int begin = 0;
  int end = 0;

  int pieces() const { return end - begin; }
};

// The cut that leaves `left` of the pieces [0, pieces).
Cut PlaceCut(int pieces, int left, Truncation truncation);

// Removes from `numbers`, which may be empty, what belongs to the cut pieces.
template <typename T>
void EraseCut(std::vector<T>& numbers, const Cut& cut) {
  if (numbers.empty()) return;
  numbers.erase(numbers.begin() + cut.begin, numbers.begin() + cut.end);
}

// Cuts `tokens` as ChooseLengths says; returns how many pieces that took.
absl::StatusOr<int> CutTokens(int max_pieces, Truncation truncation, int input,
                              Tokens& tokens);

}  // namespace strata

#endif  // STRATA_CORE_ENGINE_CUT_H_
