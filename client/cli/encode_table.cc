// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/encode_table.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/format.h"
#include "client/cli/piece_table.h"
#include "client/cli/table.h"
#include "client/cli/utf8.h"
#include "strata/tensor_view.h"
#include "strata/v1/hidden_state_service.pb.h"

namespace strata::cli {
namespace {

constexpr int kMostNumbers = 4;
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

std::string FirstNumbers(const v1::Encoding& encoding, int count) {
  if (encoding.outputs().empty()) return "";
  const auto view = TensorView::Create(encoding.outputs(0).tensor());
  if (!view.ok()) return "";
  const auto shown = static_cast<std::size_t>(count);
  std::string numbers;
  for (const float value : view->ToFloats(shown)) {
    const std::string number = Number(value);
    const int missing = kNumberColumns - static_cast<int>(number.size());
    absl::StrAppend(
        &numbers, numbers.empty() ? "" : " ",
        std::string(static_cast<std::size_t>(std::max(missing, 0)), ' '),
        number);
  }
  if (view->size() > shown) absl::StrAppend(&numbers, " \xE2\x80\xA6");
  return numbers;
}

Table Rows(const std::vector<std::string>& texts,
           const v1::EncodeResponse& response, int numbers) {
  std::vector<Column> columns = {
      {.heading = "text", .shrinks = true},
      {.heading = "pieces", .align = Align::kRight},
      {.heading = "shape"},
      {.heading = "tokenize", .align = Align::kRight},
      {.heading = "queue", .align = Align::kRight},
      {.heading = "compute", .align = Align::kRight}};
  if (numbers > 0) columns.push_back({.heading = "first numbers"});
  Table table(columns);
  for (int i = 0; i < response.encodings_size(); ++i) {
    const v1::Encoding& encoding = response.encodings(i);
    const v1::Timings& timings = encoding.timings();
    std::vector<std::string> row = {texts.at(static_cast<std::size_t>(i)),
                                    PieceCount(encoding),
                                    Shape(encoding),
                                    Milliseconds(timings.tokenize()),
                                    Milliseconds(timings.queue()),
                                    Milliseconds(timings.compute())};
    if (numbers > 0) row.push_back(FirstNumbers(encoding, numbers));
    table.AddRow(row);
  }
  return table;
}

// As many numbers as leave the texts readable.
Table Fitted(const std::vector<std::string>& texts,
             const v1::EncodeResponse& response, int width) {
  int longest = 0;
  for (const std::string& text : texts) {
    longest = std::max(longest, DisplayWidth(Printable(text)));
  }
  const int shrinkable = std::max(longest - kReadableText, 0);
  for (int numbers = kMostNumbers; numbers > 0; --numbers) {
    Table table = Rows(texts, response, numbers);
    if (table.NaturalWidth() - shrinkable <= width) return table;
  }
  return Rows(texts, response, 0);
}

std::string Headline(const v1::EncodeResponse& response) {
  int pieces = 0;
  for (const auto& encoding : response.encodings()) {
    pieces += encoding.piece_count();
  }
  return absl::StrCat(
      Printable(response.model()), " version ", response.version(), ": ",
      Count(response.encodings_size(), "text"), ", ", Count(pieces, "piece"),
      ", ", Milliseconds(response.timings().total()), "\n\n");
}

}  // namespace

std::string EncodeTable(const std::vector<std::string>& texts,
                        const v1::EncodeResponse& response, int width) {
  std::string result = absl::StrCat(
      Headline(response), Fitted(texts, response, width).Render(width));
  for (int i = 0; i < response.encodings_size(); ++i) {
    const v1::Encoding& encoding = response.encodings(i);
    if (encoding.pieces().empty()) continue;
    absl::StrAppend(
        &result, "\n",
        PieceTable(texts.at(static_cast<std::size_t>(i)), encoding.pieces(),
                   encoding.truncated_pieces(), width));
  }
  return result;
}

}  // namespace strata::cli
