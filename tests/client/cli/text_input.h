// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_CLIENT_CLI_TEXT_INPUT_H_
#define STRATA_TESTS_CLIENT_CLI_TEXT_INPUT_H_

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

namespace strata::cli {

// A descriptor from which a text is read, as standard input from a file.
class TextInput {
 public:
  explicit TextInput(const std::string& text)
      : descriptor_(memfd_create("input", MFD_CLOEXEC)) {
    EXPECT_EQ(write(descriptor_, text.data(), text.size()),
              static_cast<ssize_t>(text.size()));
    lseek(descriptor_, 0, SEEK_SET);
  }
  ~TextInput() { close(descriptor_); }
  TextInput(const TextInput&) = delete;
  TextInput& operator=(const TextInput&) = delete;

  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  const int descriptor_;
};

}  // namespace strata::cli

#endif  // STRATA_TESTS_CLIENT_CLI_TEXT_INPUT_H_
