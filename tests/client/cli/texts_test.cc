// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/texts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "client/cli/failure.h"
#include "tests/client/cli/text_input.h"

namespace strata::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string MessageOf(const TextSource& source, const std::string& in = "") {
  const TextInput input(in);
  const auto texts = ReadTexts(source, input.descriptor());
  EXPECT_EQ(ExitCodeOf(texts.status()), kUsage);
  return std::string(texts.status().message());
}

TEST(ReadTexts, Arguments) {
  const TextInput input("not read");
  EXPECT_THAT(*ReadTexts({.texts = {"one", "", "-"}}, input.descriptor()),
              ElementsAre("one", "", "-"));
}

TEST(ReadTexts, StandardInputByLine) {
  const TextInput input("one\n\ntwo \xE2\x82\xAC\r\nlast");
  EXPECT_THAT(*ReadTexts({.texts = {"-"}}, input.descriptor()),
              ElementsAre("one", "", "two €", "last"));
  const TextInput again("one\n");
  EXPECT_THAT(*ReadTexts({.file = "-"}, again.descriptor()),
              ElementsAre("one"));
}

TEST(ReadTexts, FileByLine) {
  const std::string path =
      (std::filesystem::path(testing::TempDir()) / "strata_texts").string();
  std::ofstream(path) << "one\ntwo\n";
  EXPECT_THAT(*ReadTexts({.file = path}, -1), ElementsAre("one", "two"));
  std::filesystem::remove(path);
}

TEST(ReadTexts, SaysWhatIsWrong) {
  EXPECT_EQ(MessageOf({}),
            "no text was given; add texts as arguments, or - to read them from "
            "standard input");
  EXPECT_EQ(MessageOf({.texts = {"-"}}),
            "there is no line to read; give one text on each line");
  EXPECT_EQ(MessageOf({.texts = {"a"}, .file = "b"}),
            "texts were given both as arguments and by --file; give one of "
            "them");
  EXPECT_THAT(MessageOf({.file = "/no/such/file"}),
              HasSubstr("--file /no/such/file cannot be read"));
  EXPECT_THAT(MessageOf({.file = testing::TempDir()}),
              HasSubstr("cannot be read"));
}

TEST(ReadTexts, SaysWhichTextIsNotUtf8) {
  EXPECT_EQ(MessageOf({.texts = {"good", "caf\xE9"}}),
            "text 2 is not valid UTF-8 from byte 3 on; convert it to UTF-8 "
            "first");
  EXPECT_EQ(MessageOf({.texts = {"-"}}, "a\nb\n\xFF\n"),
            "line 3 is not valid UTF-8 from byte 0 on; convert it to UTF-8 "
            "first");
}

}  // namespace
}  // namespace strata::cli
