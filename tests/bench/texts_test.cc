// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/texts.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace strata::bench {
namespace {

std::filesystem::path Write(const std::string& text) {
  const std::filesystem::path file =
      std::filesystem::path(testing::TempDir()) /
      // Tests run at the same time, each in a process of its own.
      absl::StrCat("texts-", getpid(), ".jsonl");
  std::ofstream(file) << text;
  return file;
}

TEST(ReadTextsTest, ReadsALineEach) {
  const auto texts =
      ReadTexts(Write("{\"text\": \"a b\", \"ids\": [1, 2]}\n"
                      "{\"text\": \"c\", \"ids\": [3]}\n"));
  ASSERT_TRUE(texts.ok()) << texts.status();
  ASSERT_EQ(texts->size(), 2);
  EXPECT_EQ((*texts)[0].text, "a b");
  EXPECT_EQ((*texts)[0].pieces(), 2);
  EXPECT_EQ((*texts)[1].ids, std::vector<std::int64_t>{3});
}

struct BadFile {
  std::string content;
  std::string message;
};

class ReadBadTexts : public testing::TestWithParam<BadFile> {};

TEST_P(ReadBadTexts, SaysWhatIsWrong) {
  const auto texts = ReadTexts(Write(GetParam().content));
  EXPECT_EQ(texts.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(texts.status().message()),
              testing::HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Cases, ReadBadTexts,
    testing::Values(BadFile{"", ".jsonl holds no texts"},
                    BadFile{"words\n", ":1: not a JSON object"},
                    BadFile{"{\"text\": \"a\"}\n", ":1: "},
                    BadFile{"{\"text\": \"a\", \"ids\": []}\n",
                            ":1: a text without ids"}));

}  // namespace
}  // namespace strata::bench
