// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/piece_table.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "strata/v1/tokenizer_service.pb.h"

namespace strata::cli {
namespace {

void AddPiece(std::int64_t id, const std::string& text, std::int64_t begin,
              std::int64_t end, v1::TokenizedInput& input) {
  v1::Piece& piece = *input.add_pieces();
  piece.set_id(id);
  piece.set_text(text);
  piece.set_begin(begin);
  piece.set_end(end);
}

TEST(TokenizeTable, TextByText) {
  v1::TokenizeResponse response;
  response.set_model("minilm");
  response.set_version(1);
  v1::TokenizedInput& first = *response.add_inputs();
  AddPiece(101, "[CLS]", 0, 0, first);
  AddPiece(4937, "cat", 0, 3, first);
  AddPiece(2, "##é\n", 3, 6, first);
  v1::TokenizedInput& second = *response.add_inputs();
  AddPiece(5, "x", 0, 1, second);
  AddPiece(6, "y", 2, 3, second);
  second.mutable_pieces(1)->set_in_pair(true);
  second.set_truncated_pieces(3);
  EXPECT_EQ(
      absl::StrCat("\n", TokenizeTable({"caté\n", "x y z w"}, response, 80)),
      R"(
minilm version 1

caté␊: 3 pieces
index    id  piece  bytes
─────────────────────────
    0   101  [CLS]
    1  4937  cat    0-3
    2     2  ##é␊   3-6

x y z w: 2 pieces, 3 more cut away
index  id  piece  bytes
──────────────────────────
    0   5  x      0-1
    1   6  y      pair 2-3
)");
}

TEST(PieceTable, ShortensTheTextAboveIt) {
  EXPECT_EQ(PieceTable(std::string(100, 'x'), {}, 0, 30),
            "xxxxxxxxxxxxxxxxxxx…: 0 pieces\n"
            "index  id  piece  bytes\n"
            "───────────────────────\n");
}

}  // namespace
}  // namespace strata::cli
