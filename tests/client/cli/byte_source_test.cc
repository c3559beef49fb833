// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/byte_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "client/cli/failure.h"
#include "tests/client/cli/text_input.h"

namespace strata::cli {
namespace {

using testing::Optional;

std::string Next(ByteSource& bytes) {
  std::array<char, 8> buffer{};
  const auto count = bytes.Read(buffer);
  EXPECT_TRUE(count.ok()) << count.status();
  return {buffer.data(), count.value_or(0)};
}

TEST(ByteSource, AFile) {
  const std::string path =
      (std::filesystem::path(testing::TempDir()) / "strata_bytes").string();
  std::ofstream(path) << "12345678abc";
  const auto bytes = OpenBytes(path, -1);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_EQ((*bytes)->name(), absl::StrCat("--file ", path));
  EXPECT_THAT((*bytes)->size(), Optional(11));
  EXPECT_EQ(Next(**bytes), "12345678");
  EXPECT_THAT((*bytes)->size(), Optional(3));
  EXPECT_EQ(Next(**bytes), "abc");
  EXPECT_EQ(Next(**bytes), "");
  std::filesystem::remove(path);
}

TEST(ByteSource, StandardInput) {
  const TextInput input("ab");
  const auto bytes = OpenBytes("-", input.descriptor());
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_EQ((*bytes)->name(), "standard input");
  EXPECT_EQ(Next(**bytes), "ab");
}

TEST(ByteSource, WhatCannotBeRead) {
  const auto missing = OpenBytes("/no/such/file", -1);
  EXPECT_EQ(ExitCodeOf(missing.status()), kUsage);
  EXPECT_EQ(missing.status().message(),
            "--file /no/such/file cannot be read: No such file or directory");
  // A folder opens, and then fails.
  const auto folder = OpenBytes(testing::TempDir(), -1);
  ASSERT_TRUE(folder.ok()) << folder.status();
  EXPECT_EQ((*folder)->size(), std::nullopt);
  std::array<char, 8> buffer{};
  EXPECT_EQ((*folder)->Read(buffer).status().message(), "Is a directory");
}

TEST(ByteSource, APipeIsReadAsItComesAndCanBeInterrupted) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  const auto bytes = OpenBytes("-", ends[0]);
  EXPECT_EQ((*bytes)->size(), std::nullopt);
  ASSERT_EQ(write(ends[1], "one", 3), 3);
  EXPECT_EQ(Next(**bytes), "one");
  // Nothing is there, and nothing will come.
  std::jthread interrupter([&] { (*bytes)->Interrupt(); });
  EXPECT_EQ(Next(**bytes), "");
  EXPECT_EQ(Next(**bytes), "");
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace strata::cli
