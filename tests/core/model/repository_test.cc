// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/repository.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/model/model.h"
#include "core/model/version_policy.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

namespace fs = std::filesystem;

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

std::vector<ModelId> IdsOf(const RepositoryScan& scan) {
  std::vector<ModelId> ids;
  ids.reserve(scan.directories.size());
  for (const auto& directory : scan.directories) ids.push_back(directory.id);
  return ids;
}

class RepositoryTest : public testing::Test {
 protected:
  RepositoryTest()
      : root_(fs::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  ~RepositoryTest() override { fs::remove_all(root_); }

  RepositoryScan Scan(ServedVersions versions = ServedVersions::kAll) {
    auto scan = ScanRepository(root_, versions);
    EXPECT_TRUE(scan.ok()) << scan.status();
    return *std::move(scan);
  }

  // Paths below the repository, and texts.
  std::vector<std::pair<std::string, std::string>> RemarksOf(
      const RepositoryScan& scan) {
    std::vector<std::pair<std::string, std::string>> remarks;
    remarks.reserve(scan.remarks.size());
    for (const RepositoryRemark& remark : scan.remarks) {
      remarks.emplace_back(remark.path.lexically_relative(root_).string(),
                           remark.text);
    }
    return remarks;
  }

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
  const RepositoryScan scan = Scan();
  EXPECT_EQ(IdsOf(scan), (std::vector<ModelId>{
                             {"falcon-7b", 1}, {"minilm", 2}, {"minilm", 10}}));
  EXPECT_EQ(scan.directories.back().path, root_ / "minilm" / "10");
}

TEST_F(RepositoryTest, RemarksOnWhatLooksLikeAModelOrAVersion) {
  for (const char* folder :
       {"a/1", "a/01", "a/0", "a/v2", "a/notes", "bad name/1", "no model/1",
        ".hidden/1", "flat", "a/99999999999999999999"}) {
    fs::create_directories(root_ / folder);
  }
  for (const char* folder :
       {"a/1", "a/v2", "bad name/1", ".hidden/1", "flat"}) {
    std::ofstream(root_ / folder / "model.pt") << "a trace";
  }
  const RepositoryScan scan = Scan();
  EXPECT_EQ(IdsOf(scan), (std::vector<ModelId>{{"a", 1}}));
  const std::string version =
      "ignored: a version is a whole number from 1, without leading zeros; "
      "rename it";
  EXPECT_THAT(
      RemarksOf(scan),
      ElementsAre(Pair("a/0", version), Pair("a/01", version),
                  Pair("a/99999999999999999999", version),
                  Pair("a/v2", version),
                  Pair("bad name",
                       "ignored: names of models hold letters, digits, dots, "
                       "underscores and dashes; rename it"),
                  Pair("flat/model.pt",
                       "ignored: a trace lies in a version's folder; move it "
                       "and what belongs to it into 1/")));
}

TEST_F(RepositoryTest, EachModelsOwnPolicyComesFirst) {
  for (const char* folder : {"a/1", "a/2", "b/1", "b/2", "c/1", "c/2"}) {
    fs::create_directories(root_ / folder);
  }
  std::ofstream(root_ / "a" / "strata.json")
      << R"({"versions": "all", "labels": {"stable": 1, "gone": 7}})";
  std::ofstream(root_ / "b" / "strata.json") << "{ damaged";
  const RepositoryScan scan = Scan(ServedVersions::kNewest);
  EXPECT_EQ(IdsOf(scan),
            (std::vector<ModelId>{{"a", 1}, {"a", 2}, {"b", 2}, {"c", 2}}));
  EXPECT_THAT(scan.directories[0].labels, ElementsAre("stable"));
  EXPECT_THAT(scan.directories[1].labels, IsEmpty());
  EXPECT_THAT(
      RemarksOf(scan),
      ElementsAre(
          Pair("a/strata.json",
               "label \"gone\" names version 7, which is not there, and is "
               "left out; there are: 1, 2"),
          Pair("b/strata.json",
               "is not a JSON object and left out; expected \"versions\" and "
               "\"labels\" in it")));
  EXPECT_EQ(IdsOf(Scan()).size(), 6);
}

TEST_F(RepositoryTest, LinksToNothingAreNamed) {
  fs::create_directories(root_ / "a" / "1");
  fs::create_symlink("gone", root_ / "a" / "2");
  fs::create_symlink("loop", root_ / "loop");
  fs::create_symlink("1", root_ / "a" / "latest");
  fs::create_symlink("gone", root_ / ".hidden");
  fs::create_symlink("a", root_ / "b");
  const RepositoryScan scan = Scan();
  EXPECT_EQ(IdsOf(scan), (std::vector<ModelId>{{"a", 1}, {"b", 1}}));
  const std::string nothing = "ignored: a link to nothing; mend or remove it";
  EXPECT_THAT(RemarksOf(scan),
              ElementsAre(Pair("loop", nothing), Pair("a/2", nothing),
                          Pair("b/2", nothing)));
}

TEST_F(RepositoryTest, AnEmptyOneIsFine) {
  EXPECT_TRUE(Scan().directories.empty());
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

TEST_F(RepositoryTest, OneVersionIsFoundWhateverThePolicyServes) {
  fs::create_directories(root_ / "a" / "1");
  fs::create_directories(root_ / "a" / "3");
  std::ofstream(root_ / "a" / "strata.json")
      << R"({"versions": [3], "labels": {"old": 1, "older": 1, "new": 3}})";
  const auto old = FindModelDirectory(root_, "a", 1);
  ASSERT_TRUE(old.ok()) << old.status();
  EXPECT_EQ(old->path, root_ / "a" / "1");
  EXPECT_THAT(old->labels, ElementsAre("old", "older"));
  const auto newest = FindModelDirectory(root_, "a", 0);
  ASSERT_TRUE(newest.ok()) << newest.status();
  EXPECT_EQ(newest->id, (ModelId{"a", 3}));
  EXPECT_EQ(FindModelDirectory(root_, "a", 2).status().message(),
            "the repository has no version 2 of model \"a\"; it has: 1, 3");
  EXPECT_EQ(FindModelDirectory(root_, "b", 0).status().message(),
            "the repository has no version 0 of model \"b\"; it has: none");
  EXPECT_EQ(FindModelDirectory(root_, "../a", 1).status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace strata
