// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/encode_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "client/cli/utf8.h"
#include "strata/v1/hidden_state_service.pb.h"

namespace strata::cli {
namespace {

using testing::HasSubstr;

void AddFloats(const std::vector<float>& values, v1::Tensor& tensor) {
  tensor.set_dtype(v1::DATA_TYPE_FLOAT32);
  for (const float value : values) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8) {
      tensor.mutable_data()->push_back(static_cast<char>(bits >> shift));
    }
  }
}

void AddEncoding(int pieces, const std::vector<std::int64_t>& shape,
                 const std::vector<float>& values,
                 v1::EncodeResponse& response) {
  v1::Encoding& encoding = *response.add_encodings();
  encoding.set_piece_count(pieces);
  v1::Tensor& tensor = *encoding.add_outputs()->mutable_tensor();
  tensor.mutable_shape()->Add(shape.begin(), shape.end());
  AddFloats(values, tensor);
  encoding.mutable_timings()->mutable_tokenize()->set_nanos(120'000);
  encoding.mutable_timings()->mutable_queue()->set_nanos(30'000);
  encoding.mutable_timings()->mutable_compute()->set_nanos(11'900'000);
}

// The table of a whole answer.
std::string TableOf(const std::vector<std::string>& texts,
                    const v1::EncodeResponse& response, int width,
                    bool colours = false) {
  std::vector<EncodeRow> rows;
  for (int i = 0; i < response.encodings_size(); ++i) {
    rows.push_back(EncodeRowOf(texts[static_cast<std::size_t>(i)],
                               response.encodings(i), width));
    EXPECT_THAT(rows.back().encoding.SpaceUsedLong(), testing::Lt(2000));
  }
  return EncodeTable(response, rows, width, colours);
}

const std::vector<std::string> kTexts = {"The cat sat on the mat.", "日本語"};

v1::EncodeResponse Example() {
  v1::EncodeResponse response;
  response.set_model("minilm");
  response.set_version(1);
  response.mutable_timings()->mutable_total()->set_nanos(12'300'000);
  AddEncoding(9, {1, 3, 2}, {0.25F, -1.5F, 12345.0F, 0.0001F, 1.0F, 2.0F},
              response);
  AddEncoding(5, {1, 2}, {0.5F, -0.125F}, response);
  return response;
}

TEST(EncodeTable, ReadsWell) {
  EXPECT_EQ(absl::StrCat("\n", TableOf(kTexts, Example(), 120)), R"(
minilm version 1: 2 texts, 14 pieces, 12.3 ms

text                     pieces  shape      tokenize    queue  compute  first numbers
─────────────────────────────────────────────────────────────────────────────────────────────────────────────────
The cat sat on the mat.       9  [1, 3, 2]   0.12 ms  0.03 ms  11.9 ms     0.2500   -1.5000  1.23e+04  1.00e-04 …
日本語                        5  [1, 2]      0.12 ms  0.03 ms  11.9 ms     0.5000   -0.1250
)");
}

TEST(EncodeTable, ShowsFewerNumbersWhereThereIsLessRoom) {
  EXPECT_EQ(absl::StrCat("\n", TableOf(kTexts, Example(), 90)), R"(
minilm version 1: 2 texts, 14 pieces, 12.3 ms

text                     pieces  shape      tokenize    queue  compute  first numbers
─────────────────────────────────────────────────────────────────────────────────────
The cat sat on the mat.       9  [1, 3, 2]   0.12 ms  0.03 ms  11.9 ms     0.2500 …
日本語                        5  [1, 2]      0.12 ms  0.03 ms  11.9 ms     0.5000 …
)");
}

TEST(EncodeTable, CutsTextsToTheTerminal) {
  EXPECT_EQ(absl::StrCat("\n", TableOf(kTexts, Example(), 60)), R"(
minilm version 1: 2 texts, 14 pieces, 12.3 ms

text           pieces  shape      tokenize    queue  compute
────────────────────────────────────────────────────────────
The cat sat…        9  [1, 3, 2]   0.12 ms  0.03 ms  11.9 ms
日本語              5  [1, 2]      0.12 ms  0.03 ms  11.9 ms
)");
}

TEST(EncodeTable, NoLineIsWiderThanTheTerminal) {
  const std::vector<std::string> texts = {std::string(500, 'x'), "short"};
  for (int width = 60; width <= 200; ++width) {
    const std::string table = TableOf(texts, Example(), width);
    for (const absl::string_view line : absl::StrSplit(table, '\n')) {
      EXPECT_LE(DisplayWidth(line), width) << line;
    }
  }
}

TEST(EncodeTable, SaysWhatWasCutAndWhatFailed) {
  v1::EncodeResponse response = Example();
  response.mutable_encodings(0)->set_truncated_pieces(40);
  response.mutable_encodings(1)->clear_outputs();
  response.mutable_encodings(1)->mutable_status()->set_code(13);
  const std::string table = TableOf(kTexts, response, 120);
  EXPECT_THAT(table, HasSubstr("9 (40 cut)  [1, 3, 2]"));
  EXPECT_THAT(table, HasSubstr("5  failed "));
}

TEST(EncodeTable, NamesNoModelWhereNoneAnswered) {
  v1::EncodeResponse refused;
  refused.add_encodings()->mutable_status()->set_code(3);
  EXPECT_THAT(TableOf({"long"}, refused, 80),
              testing::StartsWith("1 text, 0 pieces, "));
}

TEST(EncodeTable, ColoursTheHeadingsAndWhatFailed) {
  v1::EncodeResponse response = Example();
  response.mutable_encodings(1)->mutable_status()->set_code(13);
  const std::string table = TableOf(kTexts, response, 120, /*colours=*/true);
  EXPECT_THAT(table, testing::StartsWith("\x1b[1mminilm version 1: 2 texts"));
  EXPECT_THAT(table, HasSubstr("\n\x1b[1mtext\x1b[0m "));
  EXPECT_THAT(table, HasSubstr(" \x1b[31mfailed\x1b[0m "));
}

TEST(EncodeTable, PiecesFollowTextByText) {
  v1::EncodeResponse response = Example();
  v1::Piece* piece = response.mutable_encodings(1)->add_pieces();
  piece->set_id(1876);
  piece->set_text("日本");
  piece->set_end(6);
  EXPECT_THAT(TableOf(kTexts, response, 120), HasSubstr(R"(
日本語: 1 piece
index    id  piece  bytes
─────────────────────────
    0  1876  日本   0-6
)"));
}

}  // namespace
}  // namespace strata::cli
