// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_SERVER_TEMPORARY_DIRECTORY_H_
#define STRATA_TESTS_SERVER_TEMPORARY_DIRECTORY_H_

#include <unistd.h>

#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace strata {

// An empty folder of the running test's own, gone with it.
class TemporaryDirectory {
 public:
  TemporaryDirectory()
      : path_(std::filesystem::path(testing::TempDir()) /
              absl::StrCat(
                  testing::UnitTest::GetInstance()->current_test_info()->name(),
                  "-", getpid())) {
    std::filesystem::create_directories(path_);
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  const std::filesystem::path path_;
};

}  // namespace strata

#endif  // STRATA_TESTS_SERVER_TEMPORARY_DIRECTORY_H_
