// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/line_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "client/cli/failure.h"
#include "tests/client/cli/puppet_bytes.h"

namespace strata::cli {
namespace {

using testing::ElementsAre;
using testing::FieldsAre;
using testing::IsEmpty;

TEST(LineReader, LinesComeAsTheyAreComplete) {
  PuppetBytes bytes;
  LineReader reader(bytes);
  std::vector<Line> lines;
  bytes.Give("one\n\ntw");
  EXPECT_TRUE(*reader.ReadMore(lines));
  EXPECT_THAT(lines, ElementsAre(FieldsAre(0, "one", 4), FieldsAre(1, "", 5)));
  lines.clear();
  bytes.Give("o");
  EXPECT_TRUE(*reader.ReadMore(lines));
  EXPECT_THAT(lines, IsEmpty());
  bytes.Give(" \xE2\x82");
  bytes.Give("\xAC\r\nlast\r");
  bytes.End();
  EXPECT_TRUE(*reader.ReadMore(lines));
  EXPECT_TRUE(*reader.ReadMore(lines));
  EXPECT_THAT(lines, ElementsAre(FieldsAre(2, "two €", 14)));
  EXPECT_FALSE(*reader.ReadMore(lines));
  EXPECT_THAT(lines,
              ElementsAre(FieldsAre(2, "two €", 14), FieldsAre(3, "last", 19)));
  EXPECT_FALSE(*reader.ReadMore(lines));
  EXPECT_EQ(lines.size(), 2U);
}

TEST(LineReader, ALineFeedAtTheEndBeginsNoLine) {
  PuppetBytes bytes;
  bytes.Give("one\n");
  bytes.End();
  LineReader reader(bytes);
  std::vector<Line> lines;
  EXPECT_TRUE(*reader.ReadMore(lines));
  EXPECT_FALSE(*reader.ReadMore(lines));
  EXPECT_THAT(lines, ElementsAre(FieldsAre(0, "one", 4)));
}

TEST(LineReader, NamesTheLineThatCannotBeRead) {
  PuppetBytes bytes;
  bytes.Give("one\ntw");
  bytes.Fail("Input/output error");
  LineReader reader(bytes);
  std::vector<Line> lines;
  EXPECT_TRUE(*reader.ReadMore(lines));
  const auto status = reader.ReadMore(lines).status();
  EXPECT_EQ(ExitCodeOf(status), kUsage);
  EXPECT_EQ(status.message(),
            "line 2 of the puppet cannot be read: Input/output error");
  EXPECT_THAT(lines, ElementsAre(FieldsAre(0, "one", 4)));
}

TEST(LineReader, NamesTheLineThatIsTooLong) {
  PuppetBytes bytes;
  bytes.Give("1234\n12");
  bytes.Give("345\n");
  LineReader reader(bytes, /*most_line_bytes=*/4);
  std::vector<Line> lines;
  EXPECT_TRUE(*reader.ReadMore(lines));
  EXPECT_EQ(reader.ReadMore(lines).status().message(),
            "line 2 of the puppet has more than 4 bytes; give one text on each "
            "line");
  EXPECT_THAT(lines, ElementsAre(FieldsAre(0, "1234", 5)));
}

}  // namespace
}  // namespace strata::cli
