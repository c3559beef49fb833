// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/utf8.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace strata::cli {
namespace {

constexpr absl::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr absl::string_view kEllipsis = "\xE2\x80\xA6";     // U+2026

// One character: its code point and how many bytes it took.
struct Character {
  char32_t point = 0;
  std::size_t bytes = 0;
};

// What the first byte of a character says.
struct Lead {
  std::size_t bytes;
  // Bits of the first byte that belong to the code point.
  std::uint8_t mask;
  // Least code point that needs that many bytes.
  char32_t least;
};

std::optional<Lead> LeadOf(unsigned char byte) {
  if (byte < 0x80) return Lead{.bytes = 1, .mask = 0x7F, .least = 0};
  if (byte >= 0xC2 && byte < 0xE0) {
    return Lead{.bytes = 2, .mask = 0x1F, .least = 0x80};
  }
  if (byte >= 0xE0 && byte < 0xF0) {
    return Lead{.bytes = 3, .mask = 0x0F, .least = 0x800};
  }
  if (byte >= 0xF0 && byte < 0xF5) {
    return Lead{.bytes = 4, .mask = 0x07, .least = 0x10000};
  }
  return std::nullopt;
}

// The first character of `text`, which is not empty; nullopt: invalid UTF-8.
std::optional<Character> Decode(absl::string_view text) {
  const auto lead = LeadOf(static_cast<unsigned char>(text[0]));
  if (!lead.has_value() || text.size() < lead->bytes) return std::nullopt;
  char32_t point = static_cast<unsigned char>(text[0]) & lead->mask;
  for (std::size_t i = 1; i < lead->bytes; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0U) != 0x80U) return std::nullopt;
    point = (point << 6U) | (byte & 0x3FU);
  }
  const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  if (point < lead->least || point > 0x10FFFF || surrogate) {
    return std::nullopt;
  }
  return Character{.point = point, .bytes = lead->bytes};
}

// The first and the last code point.
using Range = std::pair<char32_t, char32_t>;

// Combining marks, joiners and variation selectors of common scripts.
constexpr std::array kZeroWidth = {
    Range{0x0300, 0x036F}, Range{0x0483, 0x0489},   Range{0x0591, 0x05BD},
    Range{0x05C1, 0x05C2}, Range{0x05C4, 0x05C5},   Range{0x0610, 0x061A},
    Range{0x064B, 0x065F}, Range{0x0670, 0x0670},   Range{0x06D6, 0x06DC},
    Range{0x0900, 0x0902}, Range{0x093C, 0x093C},   Range{0x0941, 0x0948},
    Range{0x094D, 0x094D}, Range{0x0E31, 0x0E31},   Range{0x0E34, 0x0E3A},
    Range{0x0E47, 0x0E4E}, Range{0x1AB0, 0x1AFF},   Range{0x1DC0, 0x1DFF},
    Range{0x200B, 0x200D}, Range{0x2060, 0x2060},   Range{0x20D0, 0x20FF},
    Range{0x3099, 0x309A}, Range{0xFE00, 0xFE0F},   Range{0xFE20, 0xFE2F},
    Range{0xFEFF, 0xFEFF}, Range{0x1F3FB, 0x1F3FF}, Range{0xE0100, 0xE01EF},
};

// East Asian wide and full-width characters, and emoji.
constexpr std::array kWide = {
    Range{0x1100, 0x115F},   Range{0x231A, 0x231B},   Range{0x23E9, 0x23EC},
    Range{0x25FD, 0x25FE},   Range{0x2614, 0x2615},   Range{0x2648, 0x2653},
    Range{0x26A1, 0x26A1},   Range{0x26BD, 0x26BE},   Range{0x2705, 0x2705},
    Range{0x270A, 0x270B},   Range{0x2728, 0x2728},   Range{0x274C, 0x274C},
    Range{0x2753, 0x2755},   Range{0x2795, 0x2797},   Range{0x2B50, 0x2B50},
    Range{0x2E80, 0x303E},   Range{0x3041, 0x33FF},   Range{0x3400, 0x4DBF},
    Range{0x4E00, 0x9FFF},   Range{0xA000, 0xA4CF},   Range{0xA960, 0xA97F},
    Range{0xAC00, 0xD7A3},   Range{0xF900, 0xFAFF},   Range{0xFE30, 0xFE6F},
    Range{0xFF00, 0xFF60},   Range{0xFFE0, 0xFFE6},   Range{0x1F1E6, 0x1F1FF},
    Range{0x1F300, 0x1F64F}, Range{0x1F680, 0x1F6FF}, Range{0x1F900, 0x1F9FF},
    Range{0x1FA70, 0x1FAFF}, Range{0x20000, 0x3FFFD},
};

// Marks, embeddings, overrides and isolates of the bidirectional algorithm, and
// the separators of lines and paragraphs.
constexpr std::array kReordering = {
    Range{0x061C, 0x061C},
    Range{0x200E, 0x200F},
    Range{0x2028, 0x202E},
    Range{0x2066, 0x2069},
};

// `ranges` are in order and do not overlap.
bool IsIn(std::span<const Range> ranges, char32_t point) {
  const auto* const range = std::ranges::lower_bound(
      ranges.data(), ranges.data() + ranges.size(), point, {}, &Range::second);
  return range != ranges.data() + ranges.size() && range->first <= point;
}

// The controls after ASCII, which have no picture, and what reorders.
bool IsHarmful(char32_t point) {
  return (point >= 0x80 && point < 0xA0) || IsIn(kReordering, point);
}

int WidthOf(char32_t point) {
  if (point < 0x300) return 1;
  if (IsIn(kZeroWidth, point)) return 0;
  return IsIn(kWide, point) ? 2 : 1;
}

// U+2400 + c is the picture of the control character c.
std::string PictureOf(char32_t control) {
  const char32_t point = control == 0x7F ? 0x2421 : 0x2400 + control;
  return {static_cast<char>(0xE2),
          static_cast<char>(0x80 | (point >> 6 & 0x3F)),
          static_cast<char>(0x80 | (point & 0x3F))};
}

}  // namespace

std::optional<std::size_t> FirstInvalidByte(absl::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto character = Decode(text.substr(at));
    if (!character.has_value()) return at;
    at += character->bytes;
  }
  return std::nullopt;
}

std::string Printable(absl::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const auto character = Decode(text);
    const std::size_t bytes = character.has_value() ? character->bytes : 1;
    if (!character.has_value() || IsHarmful(character->point)) {
      absl::StrAppend(&result, kReplacement);
    } else if (character->point < 0x20 || character->point == 0x7F) {
      absl::StrAppend(&result, PictureOf(character->point));
    } else {
      absl::StrAppend(&result, text.substr(0, bytes));
    }
    text.remove_prefix(bytes);
  }
  return result;
}

int DisplayWidth(absl::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const auto character = Decode(text);
    width += character.has_value() ? WidthOf(character->point) : 1;
    text.remove_prefix(character.has_value() ? character->bytes : 1);
  }
  return width;
}

std::string Shorten(absl::string_view text, int width) {
  // Where to cut should the text turn out too wide: before the last column.
  std::size_t cut = 0;
  int columns = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto character = Decode(text.substr(at));
    const std::size_t bytes = character.has_value() ? character->bytes : 1;
    columns += character.has_value() ? WidthOf(character->point) : 1;
    at += bytes;
    if (columns <= width - 1) cut = at;
    if (columns > width) {
      const auto kept = absl::StripTrailingAsciiWhitespace(text.substr(0, cut));
      return width <= 0 ? "" : absl::StrCat(kept, kEllipsis);
    }
  }
  return std::string(text);
}

}  // namespace strata::cli
