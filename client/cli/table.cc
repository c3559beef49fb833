// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/table.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/cli/colour.h"
#include "client/cli/utf8.h"

namespace strata::cli {
namespace {

constexpr int kGap = 2;
constexpr int kLeastShrunk = 8;
constexpr absl::string_view kRule =
    "\xE2\x94\x80";  // U+2500, a horizontal line

int Total(const std::vector<int>& widths) {
  const int gaps = kGap * (static_cast<int>(widths.size()) - 1);
  return std::accumulate(widths.begin(), widths.end(), std::max(gaps, 0));
}

std::string Spaces(int count) {
  std::string spaces;
  spaces.resize(static_cast<std::size_t>(std::max(count, 0)), ' ');
  return spaces;
}

}  // namespace

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

void Table::AddRow(const std::vector<std::string>& cells) {
  Row& row = rows_.emplace_back();
  for (const std::string& cell : cells) row.cells.push_back(Printable(cell));
  row.cells.resize(columns_.size());
  row.colours.resize(columns_.size(), Colour::kPlain);
}

void Table::Paint(std::size_t column, Colour colour) {
  rows_.back().colours[column] = colour;
}

std::vector<int> Table::Widths() const {
  std::vector<int> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    int width = DisplayWidth(columns_[i].heading);
    for (const Row& row : rows_) {
      width = std::max(width, DisplayWidth(row.cells[i]));
    }
    widths.push_back(width);
  }
  return widths;
}

int Table::NaturalWidth() const { return Total(Widths()); }

std::string Table::Line(const Row& row, const std::vector<int>& widths,
                        bool colours) const {
  std::string line;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const std::string cell = Shorten(row.cells[i], widths[i]);
    const std::string padding = Spaces(widths[i] - DisplayWidth(cell));
    // What is seen of a cell is its width, and only that is in colour.
    const std::string shown =
        Coloured(cell, cell.empty() ? Colour::kPlain : row.colours[i], colours);
    if (i > 0) absl::StrAppend(&line, Spaces(kGap));
    if (columns_[i].align == Align::kRight) {
      absl::StrAppend(&line, padding, shown);
    } else {
      absl::StrAppend(&line, shown, padding);
    }
  }
  absl::StripTrailingAsciiWhitespace(&line);
  return absl::StrCat(line, "\n");
}

std::string Table::Render(int width, bool colours) const {
  std::vector<int> widths = Widths();
  const auto shrinking = std::ranges::find_if(columns_, &Column::shrinks);
  if (const int excess = Total(widths) - width;
      excess > 0 && shrinking != columns_.end()) {
    int& shrunk =
        widths[static_cast<std::size_t>(shrinking - columns_.begin())];
    const int least = std::max(DisplayWidth(shrinking->heading), kLeastShrunk);
    shrunk = std::min(shrunk, std::max(shrunk - excess, least));
  }
  std::string text;
  Row headings;
  for (const Column& column : columns_) {
    headings.cells.push_back(column.heading);
    headings.colours.push_back(Colour::kBold);
  }
  if (!std::ranges::all_of(headings.cells, &std::string::empty)) {
    absl::StrAppend(&text, Line(headings, widths, colours));
    for (int i = 0; i < Total(widths); ++i) absl::StrAppend(&text, kRule);
    absl::StrAppend(&text, "\n");
  }
  for (const Row& row : rows_) {
    absl::StrAppend(&text, Line(row, widths, colours));
  }
  return text;
}

}  // namespace strata::cli
