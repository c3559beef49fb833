// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/digest.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class DigestTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& content) {
    std::ofstream(folder_ / name, std::ios::binary) << content;
  }

  std::string Digest() {
    const absl::StatusOr<std::string> digest = DigestModelDirectory(folder_);
    EXPECT_TRUE(digest.ok()) << digest.status();
    return digest.value_or("");
  }

  const std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) /
      testing::UnitTest::GetInstance()->current_test_info()->name();
};

// printf 'model.pt\0\3\0\0\0\0\0\0\0abc' | sha256sum
TEST_F(DigestTest, IsTheHashOfNameLengthAndContent) {
  Write("model.pt", "abc");
  EXPECT_EQ(Digest(),
            "sha256:"
            "070220d4f6aa8793a80887ac5c8f476d48b49aa1a23c308cad63fe667a92408a");
}

// sha256sum < /dev/null
TEST_F(DigestTest, OfNoFilesIsTheHashOfNothing) {
  EXPECT_EQ(Digest(),
            "sha256:"
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_F(DigestTest, ChangesWithEveryFile) {
  std::string last = Digest();
  for (const char* name : {"model.pt", "strata.json", "tokenizer.json",
                           "tokenizer.model", "tokenizer_config.json"}) {
    Write(name, "x");
    EXPECT_THAT(Digest(), MatchesRegex("sha256:[0-9a-f]{64}"));
    EXPECT_NE(Digest(), last) << name;
    last = Digest();
    Write(name, "y");
    EXPECT_NE(Digest(), last) << name;
    last = Digest();
  }
}

TEST_F(DigestTest, TheStampChangesWithTheSameFiles) {
  std::string last = StampModelDirectory(folder_);
  EXPECT_EQ(last, "");
  for (const char* name : {"model.pt", "strata.json", "tokenizer.json",
                           "tokenizer.model", "tokenizer_config.json"}) {
    Write(name, "x");
    EXPECT_NE(StampModelDirectory(folder_), last) << name;
    last = StampModelDirectory(folder_);
    Write(name, "longer");
    EXPECT_NE(StampModelDirectory(folder_), last) << name;
    last = StampModelDirectory(folder_);
    EXPECT_EQ(StampModelDirectory(folder_), last) << name;
  }
  Write("README", "x");
  EXPECT_EQ(StampModelDirectory(folder_), last);
}

TEST_F(DigestTest, IgnoresOtherFiles) {
  Write("model.pt", "x");
  const std::string digest = Digest();
  Write("README", "x");
  EXPECT_EQ(Digest(), digest);
}

TEST_F(DigestTest, TellsContentFromTheNextFile) {
  Write("model.pt", "x");
  Write("strata.json", "");
  const std::string one = Digest();
  Write("model.pt", "xstrata.json");
  std::filesystem::remove(folder_ / "strata.json");
  EXPECT_NE(Digest(), one);
}

TEST_F(DigestTest, ReadsFilesLongerThanAChunk) {
  std::string content((std::size_t{5} << 20) + 3, 'x');
  Write("model.pt", content);
  const std::string digest = Digest();
  content.back() = 'y';
  Write("model.pt", content);
  EXPECT_NE(Digest(), digest);
}

// Opening it would wait for a writer, and with it the whole server's start.
TEST_F(DigestTest, APipeIsRefusedUnopened) {
  ASSERT_EQ(mkfifo((folder_ / "model.pt").c_str(), 0600), 0);
  const absl::Status status = DigestModelDirectory(folder_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("model.pt\" is not a regular file; put the file itself "
                        "there, or a link to it"));
}

// It would be served as if the file were not meant to be there.
TEST_F(DigestTest, ALinkToNothingIsRefused) {
  Write("model.pt", "x");
  std::filesystem::create_symlink("gone", folder_ / "strata.json");
  const absl::Status status = DigestModelDirectory(folder_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("strata.json\" is not a regular file"));
}

TEST_F(DigestTest, AFolderInAFilesPlaceIsRefused) {
  std::filesystem::create_directory(folder_ / "model.pt");
  const absl::Status status = DigestModelDirectory(folder_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("model.pt\" is not a regular file"));
}

}  // namespace
}  // namespace strata
