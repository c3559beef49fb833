// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/table.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/colour.h"

namespace strata::cli {
namespace {

Table Example() {
  Table table({{.heading = "text", .shrinks = true},
               {.heading = "pieces", .align = Align::kRight},
               {.heading = "shape"}});
  table.AddRow({"The cat sat on the mat.", "9", "[1, 9, 384]"});
  table.AddRow({"日本語", "12", "[1, 384]"});
  return table;
}

TEST(Table, AlignsByWidthOnScreen) {
  EXPECT_EQ(absl::StrCat("\n", Example().Render(80)), R"(
text                     pieces  shape
────────────────────────────────────────────
The cat sat on the mat.       9  [1, 9, 384]
日本語                       12  [1, 384]
)");
}

TEST(Table, CutsTheColumnThatShrinks) {
  EXPECT_EQ(Example().NaturalWidth(), 44);
  EXPECT_EQ(absl::StrCat("\n", Example().Render(34)), R"(
text           pieces  shape
──────────────────────────────────
The cat sat…        9  [1, 9, 384]
日本語             12  [1, 384]
)");
}

TEST(Table, ShrinksNoFurtherThanIsReadable) {
  EXPECT_EQ(absl::StrCat("\n", Example().Render(10)), R"(
text      pieces  shape
─────────────────────────────
The cat…       9  [1, 9, 384]
日本語        12  [1, 384]
)");
}

TEST(Table, ColoursDoNotCountAsWidth) {
  Table table({{.heading = "a"}, {.heading = "b", .align = Align::kRight}});
  table.AddRow({"x", "y"});
  table.AddRow({"long", "z"});
  table.Paint(0, Colour::kRed);
  table.AddRow({"", "w"});
  table.Paint(0, Colour::kGreen);
  EXPECT_EQ(table.Render(80, /*colours=*/true),
            "\x1b[1ma\x1b[0m     \x1b[1mb\x1b[0m\n"
            "───────\n"
            "x     y\n"
            "\x1b[31mlong\x1b[0m  z\n"
            "      w\n");
}

TEST(Table, WithoutHeadings) {
  Table table({{}, {}});
  table.AddRow({"digest", "sha256:00"});
  table.AddRow({"width", "384"});
  EXPECT_EQ(table.Render(80), "digest  sha256:00\nwidth   384\n");
}

TEST(Table, CellsCannotBreakTheLine) {
  Table table({{}, {}});
  table.AddRow({"a\nb", "c"});
  EXPECT_EQ(table.Render(80), "a␊b  c\n");
}

TEST(Table, MissingCellsAreEmpty) {
  Table table({{}, {}});
  table.AddRow({"alone"});
  EXPECT_EQ(table.Render(80), "alone\n");
}

}  // namespace
}  // namespace strata::cli
