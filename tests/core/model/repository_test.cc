// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/repository.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

namespace fs = std::filesystem;

class RepositoryTest : public testing::Test {
 protected:
  RepositoryTest()
      : root_(fs::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  ~RepositoryTest() override { fs::remove_all(root_); }

  const fs::path root_;
};

TEST_F(RepositoryTest, ListsVersionsAndIgnoresTheRest) {
  for (const char* folder :
       {"minilm/2", "minilm/10", "falcon-7b/1", "falcon-7b/01", "falcon-7b/-1",
        "falcon-7b/0", "falcon-7b/v1", "falcon-7b/1.tmp", ".hidden/1",
        "with space/1", "empty", "falcon-7b/99999999999999999999"}) {
    fs::create_directories(root_ / folder);
  }
  std::ofstream(root_ / "README.md") << "stray";
  std::ofstream(root_ / "minilm" / "3") << "a file, not a folder";
  const auto directories = ScanRepository(root_);
  ASSERT_TRUE(directories.ok()) << directories.status();
  std::vector<ModelId> ids;
  for (const auto& directory : *directories) ids.push_back(directory.id);
  EXPECT_EQ(ids, (std::vector<ModelId>{
                     {"falcon-7b", 1}, {"minilm", 2}, {"minilm", 10}}));
  EXPECT_EQ(directories->back().path, root_ / "minilm" / "10");
}

TEST_F(RepositoryTest, AnEmptyOneIsFine) {
  EXPECT_TRUE(ScanRepository(root_)->empty());
}

TEST_F(RepositoryTest, AMissingOneIsNamed) {
  const absl::Status status = ScanRepository(root_ / "gone").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(),
            "cannot read the repository \"" + (root_ / "gone").string() +
                "\": No such file or directory; expected a folder with "
                "<model>/<version>/model.pt inside");
}

TEST_F(RepositoryTest, AFileIsNoRepository) {
  std::ofstream(root_ / "file") << "x";
  EXPECT_EQ(ScanRepository(root_ / "file").status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace strata
