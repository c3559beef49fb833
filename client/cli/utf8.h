// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_UTF8_H_
#define STRATA_CLIENT_CLI_UTF8_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

// Text for a terminal: what is valid, how wide it is, how to cut it. Pure
// functions. Widths are columns, near enough for common text: East Asian wide
// characters and emoji take two, combining marks none; sequences that a
// terminal may join (flags, families of emoji) count as their parts.
namespace strata::cli {

// Where `text` stops being valid UTF-8 (surrogates and overlong forms are not);
// nullopt: it is valid. Protobuf's strings must be.
std::optional<std::size_t> FirstInvalidByte(absl::string_view text);

// `text` with everything that would move the cursor, colour or reorder a line
// made visible: "␊" for a line feed, "␛" for an escape, U+FFFD for
// bidirectional controls and for bytes that are not UTF-8.
std::string Printable(absl::string_view text);

// Columns that `text`, of printable characters, takes.
int DisplayWidth(absl::string_view text);

// `text` in at most `width` columns; what is cut is shown by a final "…".
std::string Shorten(absl::string_view text, int width);

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_UTF8_H_
