// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_TABLE_H_
#define STRATA_CLIENT_CLI_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "client/cli/colour.h"

namespace strata::cli {

enum class Align : std::uint8_t { kLeft, kRight };

struct Column {
  // Empty in every column: the table has no heading.
  std::string heading;
  Align align = Align::kLeft;
  // Whether its cells may be cut for the table to fit; of several, the first.
  bool shrinks = false;
};

// Rows of text in aligned columns, two spaces apart. Cells are made printable.
// Thread-compatible.
//
//   Table table({{.heading = "text", .shrinks = true},
//                {.heading = "pieces", .align = Align::kRight}});
//   table.AddRow({"The cat sat.", "6"});
//   out << table.Render(80);
class Table {
 public:
  explicit Table(std::vector<Column> columns);

  // As many cells as columns.
  void AddRow(const std::vector<std::string>& cells);
  // The colour of a cell of the last row, where Render has colours.
  void Paint(std::size_t column, Colour colour);

  // Columns of the terminal that it takes where nothing is cut.
  [[nodiscard]] int NaturalWidth() const;

  // Lines, each ended by a line feed and without trailing spaces. The shrinking
  // column is cut, down to its heading and no less than eight, for the lines to
  // take at most `width`; where that is not enough they are longer. With
  // `colours` the heading is bold, and cells are as Paint says.
  [[nodiscard]] std::string Render(int width, bool colours = false) const;

 private:
  struct Row {
    std::vector<std::string> cells;
    std::vector<Colour> colours;
  };

  [[nodiscard]] std::vector<int> Widths() const;
  [[nodiscard]] std::string Line(const Row& row, const std::vector<int>& widths,
                                 bool colours) const;

  std::vector<Column> columns_;
  std::vector<Row> rows_;
};

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_TABLE_H_
