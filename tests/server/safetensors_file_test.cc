// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/safetensors_file.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/server/temporary_directory.h"

namespace strata {
namespace {

using Json = nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr std::size_t kRoom = 1000;

std::string Content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> Names(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename());
  }
  return names;
}

std::span<const std::byte> Bytes(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::unique_ptr<SafetensorsFile> Begin(const std::filesystem::path& path,
                                       std::size_t room = kRoom) {
  auto file = SafetensorsFile::Create(path, room);
  EXPECT_TRUE(file.ok()) << file.status();
  return file.ok() ? *std::move(file) : nullptr;
}

class SafetensorsFileTest : public testing::Test {
 protected:
  const TemporaryDirectory folder_;
  const std::filesystem::path path_ = folder_.path() / "a" / "b.safetensors";
};

TEST_F(SafetensorsFileTest, HasTensorsAfterAHeaderThatSaysWhereTheyLie) {
  const std::string first = "abcd";
  const std::string more = "efgh";
  const std::string second = "ij";
  const auto file = Begin(path_);
  ASSERT_TRUE(file->Append({.name = "0.x",
                            .dtype = "F32",
                            .shape = {1, 2},
                            .blocks = {Bytes(first), Bytes(more)}})
                  .ok());
  EXPECT_EQ(file->misalignment(), 0);
  ASSERT_TRUE(file->Append({.name = "1.y",
                            .dtype = "BF16",
                            .shape = {1},
                            .blocks = {Bytes(second)}})
                  .ok());
  EXPECT_EQ(file->misalignment(), 2);
  EXPECT_FALSE(std::filesystem::exists(path_));
  const auto bytes = file->Commit({{"model", "m"}, {"odd", "\"}\\"}});
  ASSERT_TRUE(bytes.ok()) << bytes.status();

  const std::string content = Content(path_);
  EXPECT_EQ(std::ssize(content), *bytes);
  std::uint64_t header = 0;
  std::memcpy(&header, content.data(), sizeof header);
  EXPECT_EQ((header + 8) % 64, 0U);
  EXPECT_GE(header, kRoom);
  const Json json = Json::parse(content.substr(8, header));
  EXPECT_EQ(json["__metadata__"], Json({{"model", "m"}, {"odd", "\"}\\"}}));
  EXPECT_EQ(
      json["0.x"],
      Json({{"dtype", "F32"}, {"shape", {1, 2}}, {"data_offsets", {0, 8}}}));
  EXPECT_EQ(json["1.y"]["data_offsets"], Json({8, 10}));
  EXPECT_EQ(content.substr(8 + header), "abcdefghij");
  EXPECT_THAT(Names(path_.parent_path()), ElementsAre("b.safetensors"));

  const auto read = ReadSafetensorsMetadata(path_);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_THAT(read->first,
              ElementsAre(Pair("model", "m"), Pair("odd", "\"}\\")));
  EXPECT_EQ(read->second, *bytes);
}

TEST_F(SafetensorsFileTest, LeavesNothingWithoutCommit) {
  auto file = Begin(path_);
  EXPECT_EQ(Names(path_.parent_path()).size(), 1U);
  file.reset();
  EXPECT_THAT(Names(path_.parent_path()), IsEmpty());
}

TEST_F(SafetensorsFileTest, ReplacesNothing) {
  const auto first = Begin(path_);
  const auto second = Begin(path_);
  ASSERT_TRUE(first->Commit({{"request", "first"}}).ok());
  EXPECT_TRUE(
      absl::IsAlreadyExists(second->Commit({{"request", "2"}}).status()));
  EXPECT_EQ(ReadSafetensorsMetadata(path_)->first["request"], "first");
}

TEST_F(SafetensorsFileTest, LeavesRoomEnough) {
  const std::string name(64, 'n');
  constexpr std::int64_t kLong = INT64_MAX / 8;
  std::size_t room = 100;
  for (int i = 0; i < 100; ++i) {
    room += SafetensorsFile::HeaderRoom(absl::StrCat(i, name), 3);
  }
  const auto file = Begin(path_, room);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(file->Append({.name = absl::StrCat(i, name),
                              .dtype = "BF16",
                              .shape = {kLong, kLong, kLong}})
                    .ok());
  }
  EXPECT_TRUE(file->Commit({}).ok());
}

TEST_F(SafetensorsFileTest, SaysWhatItCannotWrite) {
  std::ofstream(folder_.path() / "a") << "no folder";
  const absl::Status status = SafetensorsFile::Create(path_, kRoom).status();
  EXPECT_EQ(ReasonOf(status), Reason::kInvalidField) << status;
  EXPECT_EQ(FieldOf(status), "file");

  // Less room than was asked for.
  std::filesystem::remove(folder_.path() / "a");
  const auto file = Begin(path_, /*room=*/10);
  const absl::Status full =
      file->Commit({{"a", std::string(100, 'a')}}).status();
  EXPECT_EQ(ReasonOf(full), Reason::kInternalDefect) << full;
}

TEST_F(SafetensorsFileTest, ReadsNothingElse) {
  EXPECT_TRUE(absl::IsNotFound(ReadSafetensorsMetadata(path_).status()));
  const std::filesystem::path path = folder_.path() / "c";
  for (const std::string& content :
       {std::string(), std::string("short"), std::string(8, '\xff'),
        std::string("\2\0\0\0\0\0\0\0{}", 10),
        std::string("\2\0\0\0\0\0\0\0[]", 10),
        std::string(8, '\0') + "{\"__metadata__\":",
        std::string(8, '\0') + "{\"__metadata__\":{\"a\":\"\\\"}",
        std::string(8, '\0') + "{\"__metadata__\":7}"}) {
    std::ofstream(path, std::ios::binary) << content;
    EXPECT_TRUE(
        absl::IsFailedPrecondition(ReadSafetensorsMetadata(path).status()))
        << content;
  }
  EXPECT_TRUE(absl::IsFailedPrecondition(
      ReadSafetensorsMetadata(folder_.path()).status()));
}

}  // namespace
}  // namespace strata
