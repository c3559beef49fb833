// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/engine/cut.h"

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/base/error.h"
#include "core/engine/call.h"
#include "core/tokenize/tokenizer.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

using Ids = std::vector<std::int64_t>;

struct Lengths {
  PieceCounts counts;  // special, text, pair
  int max_pieces;
  PieceCounts left;
};

class ChooseLengthsTest : public testing::TestWithParam<Lengths> {};

TEST_P(ChooseLengthsTest, TakesFromTheLongerTextPieceByPiece) {
  const auto& [counts, max_pieces, expected] = GetParam();
  for (const Truncation truncation : {Truncation::kLeft, Truncation::kRight}) {
    const auto left = ChooseLengths(counts, max_pieces, truncation, 0);
    ASSERT_TRUE(left.ok()) << left.status();
    EXPECT_EQ(left->special, expected.special);
    EXPECT_EQ(left->text, expected.text);
    EXPECT_EQ(left->pair, expected.pair);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Lengths, ChooseLengthsTest,
    testing::Values(
        Lengths{{2, 5, 0}, 7, {2, 5, 0}}, Lengths{{2, 5, 0}, 4, {2, 2, 0}},
        Lengths{{3, 4, 2}, 8, {3, 3, 2}}, Lengths{{3, 2, 4}, 8, {3, 2, 3}},
        Lengths{{3, 9, 2}, 7, {3, 2, 2}}, Lengths{{3, 9, 8}, 7, {3, 2, 2}},
        // An odd piece stays with the longer, or the second of
        // equals.
        Lengths{{3, 9, 8}, 8, {3, 3, 2}}, Lengths{{3, 8, 9}, 8, {3, 2, 3}},
        Lengths{{3, 8, 8}, 8, {3, 2, 3}}, Lengths{{3, 5, 5}, 4, {3, 0, 1}},
        Lengths{{3, 0, 5}, 5, {3, 0, 2}}, Lengths{{0, 5, 0}, 1, {0, 1, 0}}));

TEST(ChooseLengths, RefusesWithoutTruncationOrRoom) {
  const absl::Status too_long =
      ChooseLengths({.special = 3, .text = 2, .pair = 2}, 6, Truncation::kNone,
                    3)
          .status();
  EXPECT_EQ(too_long.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(too_long), Reason::kInputTooLong);
  EXPECT_EQ(FieldOf(too_long), "inputs[3]");
  EXPECT_EQ(too_long.message(),
            "inputs[3]: has 7 pieces, at most 6 are allowed; shorten it or set "
            "truncation to LEFT or RIGHT");
  const absl::Status no_room =
      ChooseLengths({.special = 2, .text = 5}, 2, Truncation::kLeft, 0)
          .status();
  EXPECT_EQ(ReasonOf(no_room), Reason::kInputTooLong);
  EXPECT_EQ(no_room.message(),
            "inputs[0]: the 2 special pieces leave no room for the text in 2 "
            "pieces; raise max_pieces");
}

TEST(PlaceCut, CutsTheEndThatIsNamed) {
  const Cut right = PlaceCut(5, 3, Truncation::kRight);
  EXPECT_EQ(right.begin, 3);
  EXPECT_EQ(right.end, 5);
  const Cut left = PlaceCut(5, 3, Truncation::kLeft);
  EXPECT_EQ(left.begin, 0);
  EXPECT_EQ(left.end, 2);
  EXPECT_EQ(PlaceCut(5, 5, Truncation::kNone).pieces(), 0);
}

// [CLS] a b c [SEP] d e [SEP]
Tokens Pair() {
  constexpr auto kSpecial = PieceOrigin::kSpecial;
  constexpr auto kText = PieceOrigin::kText;
  constexpr auto kPair = PieceOrigin::kPair;
  return {.ids = {1, 10, 11, 12, 2, 20, 21, 2},
          .ranges =
              {{0, 0}, {0, 1}, {1, 2}, {2, 3}, {0, 0}, {0, 1}, {1, 2}, {0, 0}},
          .origins = {kSpecial, kText, kText, kText, kSpecial, kPair, kPair,
                      kSpecial},
          .type_ids = {0, 0, 0, 0, 0, 1, 1, 1}};
}

TEST(CutTokens, KeepsTheSpecialPiecesInTheirPlaces) {
  Tokens tokens = Pair();
  EXPECT_EQ(*CutTokens(5, Truncation::kRight, 0, tokens), 3);
  EXPECT_EQ(tokens.ids, (Ids{1, 10, 2, 20, 2}));
  EXPECT_EQ(tokens.type_ids, (Ids{0, 0, 0, 1, 1}));
  EXPECT_EQ(tokens.ranges,
            (std::vector<ByteRange>{{0, 0}, {0, 1}, {0, 0}, {0, 1}, {0, 0}}));
  EXPECT_EQ(tokens.origins[3], PieceOrigin::kPair);

  tokens = Pair();
  EXPECT_EQ(*CutTokens(5, Truncation::kLeft, 0, tokens), 3);
  EXPECT_EQ(tokens.ids, (Ids{1, 12, 2, 21, 2}));

  tokens = Pair();
  EXPECT_EQ(*CutTokens(8, Truncation::kNone, 0, tokens), 0);
  EXPECT_EQ(tokens.ids, Pair().ids);
}

}  // namespace
}  // namespace strata
