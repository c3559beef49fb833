// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/engine/cut.h"

#include <algorithm>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/engine/call.h"
#include "core/engine/input_field.h"
#include "core/tokenize/tokenizer.h"

namespace strata {
namespace {

int Count(const Tokens& tokens, PieceOrigin origin) {
  return static_cast<int>(std::ranges::count(tokens.origins, origin));
}

// Leaves `left` of the `pieces` pieces that came from `origin`; these stand
// together.
void CutOrigin(PieceOrigin origin, int pieces, int left, Truncation truncation,
               Tokens& tokens) {
  if (left == pieces) return;
  const auto first = std::ranges::find(tokens.origins, origin);
  const int begin = static_cast<int>(first - tokens.origins.begin());
  Cut cut = PlaceCut(pieces, left, truncation);
  cut = {.begin = begin + cut.begin, .end = begin + cut.end};
  EraseCut(tokens.ids, cut);
  EraseCut(tokens.ranges, cut);
  EraseCut(tokens.origins, cut);
  EraseCut(tokens.type_ids, cut);
}

}  // namespace

absl::StatusOr<PieceCounts> ChooseLengths(const PieceCounts& counts,
                                          int max_pieces, Truncation truncation,
                                          int input) {
  if (counts.all() <= max_pieces) return counts;
  if (truncation == Truncation::kNone) {
    return FieldError(
        InputField(input, ""),
        absl::StrCat("has ", counts.all(), " pieces, at most ", max_pieces,
                     " are allowed; shorten it or set truncation "
                     "to LEFT or RIGHT"),
        Reason::kInputTooLong);
  }
  const int room = max_pieces - counts.special;
  if (room <= 0) {
    return FieldError(InputField(input, ""),
                      absl::StrCat("the ", counts.special,
                                   " special pieces leave no room for the text "
                                   "in ",
                                   max_pieces, " pieces; raise max_pieces"),
                      Reason::kInputTooLong);
  }
  // The shorter text is cut once the longer one has come down to it.
  const int shorter = std::min({counts.text, counts.pair, room / 2});
  const int longer = room - shorter;
  const bool text_is_longer = counts.text > counts.pair;
  return PieceCounts{.special = counts.special,
                     .text = text_is_longer ? longer : shorter,
                     .pair = text_is_longer ? shorter : longer};
}

Cut PlaceCut(int pieces, int left, Truncation truncation) {
  const int cut = pieces - left;
  return truncation == Truncation::kLeft ? Cut{.begin = 0, .end = cut}
                                         : Cut{.begin = left, .end = pieces};
}

absl::StatusOr<int> CutTokens(int max_pieces, Truncation truncation, int input,
                              Tokens& tokens) {
  const PieceCounts counts = {.special = Count(tokens, PieceOrigin::kSpecial),
                              .text = Count(tokens, PieceOrigin::kText),
                              .pair = Count(tokens, PieceOrigin::kPair)};
  STRATA_ASSIGN_OR_RETURN(const PieceCounts left,
                          ChooseLengths(counts, max_pieces, truncation, input));
  CutOrigin(PieceOrigin::kText, counts.text, left.text, truncation, tokens);
  CutOrigin(PieceOrigin::kPair, counts.pair, left.pair, truncation, tokens);
  return counts.all() - left.all();
}

}  // namespace strata
