// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_SERVER_TEMPORARY_FILE_H_
#define STRATA_TESTS_SERVER_TEMPORARY_FILE_H_

#include <filesystem>
#include <fstream>
#include <string>

#include "gtest/gtest.h"

namespace strata {

// A file of the running test's own, gone with it.
class TemporaryFile {
 public:
  TemporaryFile(const std::string& name, const std::string& content)
      : path_(std::filesystem::path(testing::TempDir()) /
              (std::string(testing::UnitTest::GetInstance()
                               ->current_test_info()
                               ->name()) +
               "-" + name)) {
    Write(content);
  }
  ~TemporaryFile() { Remove(); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void Write(const std::string& content) const {
    std::ofstream(path_, std::ios::binary) << content;
  }
  void Remove() const { std::filesystem::remove(path_); }

  const std::filesystem::path& path() const { return path_; }

 private:
  const std::filesystem::path path_;
};

}  // namespace strata

#endif  // STRATA_TESTS_SERVER_TEMPORARY_FILE_H_
