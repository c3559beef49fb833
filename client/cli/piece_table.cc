// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/piece_table.h"

#include <google/protobuf/repeated_ptr_field.h>

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/cli/colour.h"
#include "client/cli/format.h"
#include "client/cli/table.h"
#include "client/cli/utf8.h"
#include "strata/v1/hidden_state_service.pb.h"
#include "strata/v1/tokenizer_service.pb.h"

namespace strata::cli {

std::string PieceTable(
    absl::string_view text,
    const google::protobuf::RepeatedPtrField<v1::Piece>& pieces,
    int truncated_pieces, int width, bool colours) {
  std::string tail = absl::StrCat(": ", Count(pieces.size(), "piece"));
  if (truncated_pieces > 0) {
    absl::StrAppend(&tail, ", ", truncated_pieces, " more cut away");
  }
  Table table({{.heading = "index", .align = Align::kRight},
               {.heading = "id", .align = Align::kRight},
               {.heading = "piece", .shrinks = true},
               {.heading = "bytes"}});
  for (int i = 0; i < pieces.size(); ++i) {
    const v1::Piece& piece = pieces[i];
    const bool special = piece.begin() == piece.end();
    table.AddRow({absl::StrCat(i), absl::StrCat(piece.id()), piece.text(),
                  special ? ""
                          : absl::StrCat(piece.in_pair() ? "pair " : "",
                                         piece.begin(), "-", piece.end())});
  }
  return absl::StrCat(
      Shorten(Printable(text), width - static_cast<int>(tail.size())), tail,
      "\n", table.Render(width, colours));
}

std::string TokenizeTable(const std::vector<std::string>& texts,
                          const v1::TokenizeResponse& response, int width,
                          bool colours) {
  std::string result = Coloured(absl::StrCat(Printable(response.model()),
                                             " version ", response.version()),
                                Colour::kBold, colours);
  absl::StrAppend(&result, "\n");
  for (int i = 0; i < response.inputs_size(); ++i) {
    const auto& input = response.inputs(i);
    absl::StrAppend(
        &result, "\n",
        PieceTable(texts.at(static_cast<std::size_t>(i)), input.pieces(),
                   input.truncated_pieces(), width, colours));
  }
  return result;
}

}  // namespace strata::cli
