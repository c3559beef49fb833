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

std::string Line(const std::vector<std::string>& cells,
                 const std::vector<Column>& columns,
                 const std::vector<int>& widths) {
  std::string line;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string cell = Shorten(cells[i], widths[i]);
    const std::string padding = Spaces(widths[i] - DisplayWidth(cell));
    if (i > 0) absl::StrAppend(&line, Spaces(kGap));
    if (columns[i].align == Align::kRight) {
      absl::StrAppend(&line, padding, cell);
    } else {
      absl::StrAppend(&line, cell, padding);
    }
  }
  absl::StripTrailingAsciiWhitespace(&line);
  return absl::StrCat(line, "\n");
}

}  // namespace

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

void Table::AddRow(const std::vector<std::string>& cells) {
  std::vector<std::string>& row = rows_.emplace_back();
  for (const std::string& cell : cells) row.push_back(Printable(cell));
  row.resize(columns_.size());
}

std::vector<int> Table::Widths() const {
  std::vector<int> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    int width = DisplayWidth(columns_[i].heading);
    for (const auto& row : rows_) width = std::max(width, DisplayWidth(row[i]));
    widths.push_back(width);
  }
  return widths;
}

int Table::NaturalWidth() const { return Total(Widths()); }

std::string Table::Render(int width) const {
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
  std::vector<std::string> headings;
  headings.reserve(columns_.size());
  for (const Column& column : columns_) headings.push_back(column.heading);
  if (!std::ranges::all_of(headings, &std::string::empty)) {
    absl::StrAppend(&text, Line(headings, columns_, widths));
    for (int i = 0; i < Total(widths); ++i) absl::StrAppend(&text, kRule);
    absl::StrAppend(&text, "\n");
  }
  for (const auto& row : rows_) {
    absl::StrAppend(&text, Line(row, columns_, widths));
  }
  return text;
}

}  // namespace strata::cli
