// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/encode_table.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "client/cli/colour.h"
#include "client/cli/format.h"
#include "client/cli/piece_table.h"
#include "client/cli/table.h"
#include "client/cli/utf8.h"
#include "strata/tensor_view.h"
#include "strata/v1/hidden_state_service.pb.h"
#include "strata/v1/tensor.pb.h"

namespace strata::cli {
namespace {

constexpr std::size_t kMostNumbers = 4;
// The text may be cut to this for another number to be shown.
constexpr int kReadableText = 24;
constexpr int kNumberColumns = 9;

std::string PieceCount(const v1::Encoding& encoding) {
  if (encoding.truncated_pieces() == 0) {
    return absl::StrCat(encoding.piece_count());
  }
  return absl::StrCat(encoding.piece_count(), " (", encoding.truncated_pieces(),
                      " cut)");
}

// What stands where the shape would: the error of an input that has one.
std::string Shape(const v1::Encoding& encoding) {
  if (encoding.status().code() != 0) return "failed";
  if (encoding.outputs().empty()) return "none";
  const auto& shape = encoding.outputs(0).tensor().shape();
  return absl::StrCat("[", absl::StrJoin(shape, ", "), "]");
}

std::string FirstNumbers(const EncodeRow& row, std::size_t count) {
  std::string numbers;
  for (std::size_t i = 0; i < std::min(count, row.first_numbers.size()); ++i) {
    const std::string number = Number(row.first_numbers[i]);
    const int missing = kNumberColumns - static_cast<int>(number.size());
    absl::StrAppend(
        &numbers, numbers.empty() ? "" : " ",
        std::string(static_cast<std::size_t>(std::max(missing, 0)), ' '),
        number);
  }
  if (row.more_numbers || row.first_numbers.size() > count) {
    absl::StrAppend(&numbers, " \xE2\x80\xA6");
  }
  return numbers;
}

Table TableOf(const std::vector<EncodeRow>& rows, std::size_t numbers) {
  std::vector<Column> columns = {
      {.heading = "text", .shrinks = true},
      {.heading = "pieces", .align = Align::kRight},
      {.heading = "shape"},
      {.heading = "tokenize", .align = Align::kRight},
      {.heading = "queue", .align = Align::kRight},
      {.heading = "compute", .align = Align::kRight}};
  constexpr std::size_t kShape = 2;
  if (numbers > 0) columns.push_back({.heading = "first numbers"});
  Table table(columns);
  for (const EncodeRow& row : rows) {
    const v1::Timings& timings = row.encoding.timings();
    std::vector<std::string> cells = {row.text,
                                      PieceCount(row.encoding),
                                      Shape(row.encoding),
                                      Milliseconds(timings.tokenize()),
                                      Milliseconds(timings.queue()),
                                      Milliseconds(timings.compute())};
    if (numbers > 0) cells.push_back(FirstNumbers(row, numbers));
    table.AddRow(cells);
    if (row.encoding.status().code() != 0) table.Paint(kShape, Colour::kRed);
  }
  return table;
}

// As many numbers as leave the texts readable.
Table Fitted(const std::vector<EncodeRow>& rows, int width) {
  int longest = 0;
  for (const EncodeRow& row : rows) {
    longest = std::max(longest, DisplayWidth(row.text));
  }
  const int shrinkable = std::max(longest - kReadableText, 0);
  for (std::size_t numbers = kMostNumbers; numbers > 0; --numbers) {
    Table table = TableOf(rows, numbers);
    if (table.NaturalWidth() - shrinkable <= width) return table;
  }
  return TableOf(rows, 0);
}

std::string Headline(const v1::EncodeResponse& head,
                     const std::vector<EncodeRow>& rows) {
  std::int64_t pieces = 0;
  for (const EncodeRow& row : rows) pieces += row.encoding.piece_count();
  // Nobody answered where all texts were refused.
  const std::string model =
      head.model().empty() ? ""
                           : absl::StrCat(Printable(head.model()), " version ",
                                          head.version(), ": ");
  return absl::StrCat(
      model, Count(static_cast<std::int64_t>(rows.size()), "text"), ", ",
      Count(pieces, "piece"), ", ", Milliseconds(head.timings().total()));
}

}  // namespace

EncodeRow EncodeRowOf(absl::string_view text, v1::Encoding encoding,
                      int width) {
  EncodeRow row = {.text = Shorten(Printable(text), width),
                   .encoding = std::move(encoding)};
  if (row.encoding.outputs().empty()) return row;
  v1::Tensor& tensor = *row.encoding.mutable_outputs(0)->mutable_tensor();
  if (const auto view = TensorView::Create(tensor); view.ok()) {
    row.first_numbers = view->ToFloats(kMostNumbers);
    row.more_numbers = view->size() > kMostNumbers;
  }
  tensor.clear_data();
  // Clearing keeps the memory.
  tensor.mutable_data()->shrink_to_fit();
  return row;
}

std::string EncodeTable(const v1::EncodeResponse& head,
                        const std::vector<EncodeRow>& rows, int width,
                        bool colours) {
  std::string result =
      absl::StrCat(Coloured(Headline(head, rows), Colour::kBold, colours),
                   "\n\n", Fitted(rows, width).Render(width, colours));
  for (const EncodeRow& row : rows) {
    if (row.encoding.pieces().empty()) continue;
    absl::StrAppend(
        &result, "\n",
        PieceTable(row.text, row.encoding.pieces(),
                   row.encoding.truncated_pieces(), width, colours));
  }
  return result;
}

}  // namespace strata::cli
