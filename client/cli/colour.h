// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_COLOUR_H_
#define STRATA_CLIENT_CLI_COLOUR_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace strata::cli {

enum class Colour : std::uint8_t { kPlain, kBold, kRed, kGreen, kYellow };

// What --color may be.
enum class ColourChoice : std::uint8_t { kAuto, kAlways, kNever };

// Whether a terminal's escape sequences go to a stream. kAuto: to a terminal
// that is not "dumb", unless NO_COLOR (https://no-color.org) is set.
bool UsesColours(ColourChoice choice, bool is_terminal);

// Whether TERM names a terminal that can move its cursor back.
bool TerminalMovesCursor();

// `text` between the escape sequences of `colour`, or as it is where they are
// not `enabled`.
std::string Coloured(absl::string_view text, Colour colour, bool enabled);

// Of a state as the server, or its metrics, name it: green where it serves, red
// where it was refused or does not serve, yellow in between.
Colour StateColour(absl::string_view state);

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_COLOUR_H_
