// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_PIECE_TABLE_H_
#define STRATA_CLIENT_CLI_PIECE_TABLE_H_

#include <google/protobuf/repeated_ptr_field.h>

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "strata/v1/hidden_state_service.pb.h"
#include "strata/v1/tokenizer_service.pb.h"

namespace strata::cli {

// The pieces of one text under a headline: index, id, the piece, and the bytes
// of the text that it came from, which special pieces do not have.
std::string PieceTable(
    absl::string_view text,
    const google::protobuf::RepeatedPtrField<v1::Piece>& pieces,
    int truncated_pieces, int width, bool colours = false);

// The pieces of each text. `texts` are the request's inputs, in order.
std::string TokenizeTable(const std::vector<std::string>& texts,
                          const v1::TokenizeResponse& response, int width,
                          bool colours = false);

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_PIECE_TABLE_H_
