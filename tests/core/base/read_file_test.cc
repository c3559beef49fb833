// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/base/read_file.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "core/base/error.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

class ReadFileTest : public testing::Test {
 protected:
  ReadFileTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~ReadFileTest() override { std::filesystem::remove_all(folder_); }

  // Expects that it is there and cannot be read.
  static void ExpectNoFile(const std::filesystem::path& path) {
    EXPECT_TRUE(IsThere(path));
    const absl::Status status = ReadFile(path).status();
    EXPECT_EQ(ReasonOf(status), Reason::kInvalidField);
    EXPECT_EQ(status.message(), "it cannot be read as a file");
  }

  const std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) /
      testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(ReadFileTest, GivesEveryByte) {
  const std::string bytes("a\0b\r\n\xFF", 6);
  std::ofstream(folder_ / "file", std::ios::binary) << bytes;
  EXPECT_TRUE(IsThere(folder_ / "file"));
  EXPECT_EQ(ReadFile(folder_ / "file").value(), bytes);
  std::filesystem::create_symlink("file", folder_ / "link");
  EXPECT_EQ(ReadFile(folder_ / "link").value(), bytes);
  std::ofstream(folder_ / "empty").close();
  EXPECT_EQ(ReadFile(folder_ / "empty").value(), "");
}

TEST_F(ReadFileTest, NeitherAFolderNorAPipeIsAFile) {
  ExpectNoFile(folder_);
  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  ExpectNoFile(folder_ / "pipe");
}

TEST_F(ReadFileTest, ALinkToNothingIsThere) {
  std::filesystem::create_symlink("gone", folder_ / "link");
  ExpectNoFile(folder_ / "link");
  EXPECT_FALSE(IsThere(folder_ / "gone"));
  EXPECT_FALSE(ReadFile(folder_ / "gone").ok());
}

}  // namespace
}  // namespace strata
