// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/colour.h"

#include <cstdlib>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace strata::cli {
namespace {

absl::string_view Environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? absl::string_view() : absl::string_view(value);
}

absl::string_view Sequence(Colour colour) {
  switch (colour) {
    case Colour::kBold:
      return "\x1b[1m";
    case Colour::kRed:
      return "\x1b[31m";
    case Colour::kGreen:
      return "\x1b[32m";
    case Colour::kYellow:
      return "\x1b[33m";
    case Colour::kPlain:
      break;
  }
  return "";
}

}  // namespace

bool UsesColours(ColourChoice choice, bool is_terminal) {
  if (choice != ColourChoice::kAuto) return choice == ColourChoice::kAlways;
  return is_terminal && TerminalMovesCursor() &&
         Environment("NO_COLOR").empty();
}

bool TerminalMovesCursor() {
  return !Environment("TERM").empty() && Environment("TERM") != "dumb";
}

std::string Coloured(absl::string_view text, Colour colour, bool enabled) {
  if (!enabled || colour == Colour::kPlain) return std::string(text);
  return absl::StrCat(Sequence(colour), text, "\x1b[0m");
}

Colour StateColour(absl::string_view state) {
  if (absl::EqualsIgnoreCase(state, "ready") || state == "SERVING") {
    return Colour::kGreen;
  }
  const bool bad =
      absl::EqualsIgnoreCase(state, "refused") || state == "NOT_SERVING";
  return bad ? Colour::kRed : Colour::kYellow;
}

}  // namespace strata::cli
