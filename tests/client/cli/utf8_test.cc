// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/utf8.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace strata::cli {
namespace {

TEST(FirstInvalidByte, TakesEveryLengthOfCharacter) {
  EXPECT_EQ(FirstInvalidByte(""), std::nullopt);
  EXPECT_EQ(FirstInvalidByte("a é 日 😀"), std::nullopt);
  EXPECT_EQ(FirstInvalidByte(absl::string_view("\0", 1)), std::nullopt);
  EXPECT_EQ(FirstInvalidByte("\xF4\x8F\xBF\xBF"), std::nullopt);  // U+10FFFF
}

struct InvalidRow {
  const char* name;
  absl::string_view text;
  std::size_t at;
};

class FirstInvalidByteTest : public testing::TestWithParam<InvalidRow> {};

TEST_P(FirstInvalidByteTest, IsFound) {
  EXPECT_EQ(FirstInvalidByte(GetParam().text), GetParam().at);
}

INSTANTIATE_TEST_SUITE_P(
    Table, FirstInvalidByteTest,
    testing::Values(InvalidRow{"Latin1", "caf\xE9", 3},
                    InvalidRow{"Continuation", "ab\x80", 2},
                    InvalidRow{"CutShort", "ok \xE6\x97", 3},
                    InvalidRow{"NotContinued", "\xC3(", 0},
                    InvalidRow{"Overlong2", "\xC0\xAF", 0},
                    InvalidRow{"Overlong3", "\xE0\x80\xAF", 0},
                    InvalidRow{"Overlong4", "\xF0\x80\x80\xAF", 0},
                    InvalidRow{"Surrogate", "\xED\xA0\x80", 0},
                    InvalidRow{"PastTheLast", "\xF4\x90\x80\x80", 0},
                    InvalidRow{"FiveBytes", "\xF8\x88\x80\x80\x80", 0}),
    [](const auto& row) { return row.param.name; });

TEST(Printable, MakesControlsVisible) {
  EXPECT_EQ(Printable("one\ntwo\t3"), "one␊two␉3");
  EXPECT_EQ(Printable("\x1B[31mred\x7F"), "␛[31mred␡");
  EXPECT_EQ(Printable(absl::string_view("\0", 1)), "␀");
}

TEST(Printable, ReplacesWhatReordersOrIsNotText) {
  // NOLINTBEGIN(misc-misleading-bidirectional): what is tested.
  EXPECT_EQ(Printable("a\u202Eb"), "a\uFFFDb");
  EXPECT_EQ(Printable("a\u2066b\u200F"), "a\uFFFDb\uFFFD");
  // NOLINTEND(misc-misleading-bidirectional)
  EXPECT_EQ(Printable("\u009B31m"), "\uFFFD31m");
  EXPECT_EQ(Printable("caf\xE9"), "caf\uFFFD");
}

TEST(Printable, LeavesOtherTextAlone) {
  EXPECT_EQ(Printable("▁Über 日本語 😀"), "▁Über 日本語 😀");
}

TEST(DisplayWidth, CountsColumns) {
  EXPECT_EQ(DisplayWidth(""), 0);
  EXPECT_EQ(DisplayWidth("Über…"), 5);
  EXPECT_EQ(DisplayWidth("▁the"), 4);
  EXPECT_EQ(DisplayWidth("日本語"), 6);
  EXPECT_EQ(DisplayWidth("ｆｕｌｌ"), 8);
  EXPECT_EQ(DisplayWidth("한국"), 4);
  EXPECT_EQ(DisplayWidth("😀!"), 3);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1);  // e and a combining acute accent
  EXPECT_EQ(DisplayWidth("привет"), 6);
}

TEST(Shorten, CutsAtCharacters) {
  EXPECT_EQ(Shorten("hello", 5), "hello");
  EXPECT_EQ(Shorten("hello", 4), "hel…");
  EXPECT_EQ(Shorten("hello", 1), "…");
  EXPECT_EQ(Shorten("hello", 0), "");
  EXPECT_EQ(Shorten("Über", 3), "Üb…");
  EXPECT_EQ(Shorten("one two", 5), "one…");
}

TEST(Shorten, NeverHalvesAWideCharacter) {
  EXPECT_EQ(Shorten("日本語", 6), "日本語");
  EXPECT_EQ(Shorten("日本語", 5), "日本…");
  EXPECT_EQ(Shorten("日本語", 4), "日…");
}

TEST(Shorten, KeepsMarksWithTheirLetter) {
  EXPECT_EQ(Shorten("e\u0301e\u0301e\u0301", 2), "e\u0301…");
}

}  // namespace
}  // namespace strata::cli
