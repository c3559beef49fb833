// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_ENCODE_TABLE_H_
#define STRATA_CLIENT_CLI_ENCODE_TABLE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "strata/v1/hidden_state_service.pb.h"

namespace strata::cli {

// What the table shows of a text: all of its encoding but the tensor's numbers,
// so that rows of many texts can be kept.
struct EncodeRow {
  // Printable, and cut to the width of the table.
  std::string text;
  v1::Encoding encoding;
  std::vector<float> first_numbers;
  // Whether the tensor had more.
  bool more_numbers = false;
};

// One output was asked for. `width` is that of the table.
EncodeRow EncodeRowOf(absl::string_view text, v1::Encoding encoding, int width);

// The answer as a person likes to read it: a headline, and a row for each text
// with its pieces, shape, time for each stage and as many of its first numbers
// (four at most) as fit into `width` columns. Where the pieces were asked for,
// they follow, text by text. `head` says which model answered, and in what
// time; its own encodings do not count.
std::string EncodeTable(const v1::EncodeResponse& head,
                        const std::vector<EncodeRow>& rows, int width,
                        bool colours = false);

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_ENCODE_TABLE_H_
