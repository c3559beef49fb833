// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/digest_list.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class DigestListTest : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(file_); }

  void Write(const std::string& text) const {
    std::ofstream(file_, std::ios::binary) << text;
  }

  const std::string a_ = absl::StrCat("sha256:", std::string(64, 'a'));
  const std::string b_ = absl::StrCat("sha256:", std::string(64, '0'));
  const std::filesystem::path file_ =
      std::filesystem::path(testing::TempDir()) /
      testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(DigestListTest, IsOneALineWithWhatPeopleWrite) {
  Write(absl::StrCat("# Reviewed.\n\n", a_, "  minilm/1\r\n  ", b_));
  const auto digests = ReadDigestList(file_);
  ASSERT_TRUE(digests.ok()) << digests.status();
  EXPECT_THAT(*digests, ElementsAre(b_, a_));
  EXPECT_TRUE(CheckListed(a_, file_).ok());
  EXPECT_TRUE(CheckListed(b_, file_).ok());
}

TEST_F(DigestListTest, WhatIsNotListedIsRefusedByDigestAndFile) {
  Write(a_ + "\n# " + b_ + "\n");
  const absl::Status status = CheckListed(b_, file_);
  EXPECT_EQ(ReasonOf(status), Reason::kModelRefused);
  EXPECT_THAT(std::string(status.message()), HasSubstr(b_));
  EXPECT_THAT(std::string(status.message()), HasSubstr(file_.string()));
}

// Nothing is served because a list is gone or damaged.
TEST_F(DigestListTest, ABrokenListListsNothing) {
  EXPECT_EQ(ReasonOf(CheckListed(a_, file_)), Reason::kModelRefused);
  for (const std::string& line :
       {a_.substr(1), a_.substr(7), a_ + "0",
        absl::StrCat("sha256:", std::string(64, 'A'))}) {
    Write(absl::StrCat(a_, "\n", line, "\n"));
    const absl::Status status = CheckListed(a_, file_);
    EXPECT_EQ(ReasonOf(status), Reason::kModelRefused) << line;
    EXPECT_THAT(std::string(status.message()), HasSubstr("line 2: expected"));
  }
}

}  // namespace
}  // namespace strata
