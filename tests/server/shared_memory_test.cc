// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/shared_memory.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/shared_object.h"

namespace strata {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::span<const std::byte> Bytes(const std::string& text) {
  return std::as_bytes(std::span(text));
}

void ExpectBad(const absl::Status& status, const std::string& field,
               const std::string& words) {
  EXPECT_EQ(ReasonOf(status), Reason::kInvalidField) << status;
  EXPECT_EQ(FieldOf(status).value_or(""), field);
  EXPECT_THAT(std::string(status.message()), HasSubstr(words));
}

TEST(SharedRegionTest, ReadsAndWritesWithinTheObject) {
  const SharedObject object(100);
  object.Put(40, "words");
  const auto region = SharedRegion::Open(
      {.name = "r", .key = object.key(), .offset = 40, .byte_size = 60});
  ASSERT_TRUE(region.ok()) << region.status();
  std::string read(5, '?');
  ASSERT_TRUE((*region)->Read(0, std::as_writable_bytes(std::span(read))).ok());
  EXPECT_EQ(read, "words");
  ASSERT_TRUE((*region)->Write(10, Bytes("states")).ok());
  EXPECT_EQ(object.Get(50, 6), "states");
}

TEST(SharedRegionTest, KnowsItsBounds) {
  const SharedObject object(100);
  const auto region = SharedRegion::Open(
      {.name = "r", .key = object.key(), .offset = 40, .byte_size = 60});
  ASSERT_TRUE(region.ok()) << region.status();
  constexpr std::int64_t kMost = INT64_MAX;
  EXPECT_TRUE((*region)->Check(0, 60).ok());
  EXPECT_TRUE((*region)->Check(60, 0).ok());
  for (const auto& [offset, size] :
       std::vector<std::pair<std::int64_t, std::int64_t>>{
           {0, 61}, {1, 60}, {-1, 1}, {0, -1}, {kMost, kMost}, {61, 0}}) {
    EXPECT_EQ(ReasonOf((*region)->Check(offset, size)), Reason::kInvalidField)
        << offset << " " << size;
  }
}

// A mapping would end the process.
TEST(SharedRegionTest, SurvivesAnObjectThatBecomesShorter) {
  const SharedObject object(1 << 20);
  const auto region = SharedRegion::Open(
      {.name = "r", .key = object.key(), .byte_size = 1 << 20});
  ASSERT_TRUE(region.ok()) << region.status();
  object.Resize(10);
  std::string read(20, '?');
  const absl::Status status =
      (*region)->Read(0, std::as_writable_bytes(std::span(read)));
  ExpectBad(status, "",
            "the region 'r' cannot be read: its object has become "
            "shorter");
  // It grows again.
  EXPECT_TRUE((*region)->Write(100, Bytes("states")).ok());
  EXPECT_EQ(object.Get(100, 6), "states");
}

TEST(SharedRegionTest, RefusesWhatIsNoRegion) {
  const SharedObject object(100);
  const SharedRegionSpec good = {
      .name = "r", .key = object.key(), .byte_size = 100};
  const auto open = [](SharedRegionSpec spec) {
    return SharedRegion::Open(std::move(spec)).status();
  };
  EXPECT_TRUE(open(good).ok());
  SharedRegionSpec spec = good;
  spec.name = "";
  ExpectBad(open(spec), "name", "has 0 bytes, expected 1 to 256");
  for (const std::string& key :
       {std::string(), std::string("/a\0b", 4), std::string("/none-such"),
        std::string("/../etc/passwd"), std::string("/"), std::string("/.")}) {
    spec = good;
    spec.key = key;
    ExpectBad(open(spec), "key", "");
  }
  spec = good;
  spec.byte_size = 0;
  ExpectBad(open(spec), "byte_size", "expected at least 1");
  spec.byte_size = 101;
  ExpectBad(open(spec), "byte_size",
            "got 101 from 0 on, but the object has 100 bytes");
  spec = good;
  spec.offset = 1;
  ExpectBad(open(spec), "byte_size",
            "got 100 from 1 on, but the object has 100 bytes");
  spec.offset = INT64_MAX;
  ExpectBad(open(spec), "byte_size", "but the object has 100 bytes");
}

TEST(SharedMemoryTest, FindsWhatIsRegisteredUntilItIsNot) {
  const SharedObject object(100);
  const SharedRegionSpec spec = {
      .name = "r", .key = object.key(), .byte_size = 100};
  SharedMemory memory(1000);
  ExpectBad(memory.Find("", "r").status(), "", "no region 'r' is registered");
  ASSERT_TRUE(memory.Register("", spec).ok());
  const auto before = memory.Find("", "r");
  // A client does not always learn that it has done it.
  ASSERT_TRUE(memory.Register("", spec).ok());
  EXPECT_FALSE((*before)->Write(0, Bytes("states")).ok());
  const auto region = memory.Find("", "r");
  ASSERT_TRUE(region.ok()) << region.status();
  EXPECT_THAT(memory.List(""), ElementsAre(spec));
  SharedRegionSpec other = spec;
  other.byte_size = 50;
  ExpectBad(memory.Register("", other), "name",
            "'r' is registered as another region; unregister it first");

  memory.Unregister("", "r");
  memory.Unregister("", "r");
  EXPECT_FALSE(memory.Find("", "r").ok());
  // A request that is under way still has it, and may not write any more.
  ExpectBad((*region)->Write(0, Bytes("states")), "",
            "was unregistered meanwhile");
  EXPECT_TRUE(memory.Register("", other).ok());
}

TEST(SharedMemoryTest, ClientsHaveNamesOfTheirOwn) {
  const SharedObject object(100);
  const SharedRegionSpec spec = {
      .name = "r", .key = object.key(), .byte_size = 100};
  SharedMemory memory(1000);
  ASSERT_TRUE(memory.Register("token:a", spec).ok());
  EXPECT_FALSE(memory.Find("token:b", "r").ok());
  EXPECT_THAT(memory.List("token:b"), IsEmpty());
  memory.Unregister("token:b", "");
  EXPECT_TRUE(memory.Find("token:a", "r").ok());
  memory.Unregister("token:a", "");
  EXPECT_FALSE(memory.Find("token:a", "r").ok());
}

TEST(SharedMemoryTest, BoundsHowManyThereAre) {
  const SharedObject object(100);
  SharedMemory memory(1000);
  const auto add = [&](const std::string& client, std::size_t i) {
    return memory.Register(
        client,
        {.name = absl::StrCat("r", i), .key = object.key(), .byte_size = 100});
  };
  for (std::size_t i = 0; i < SharedMemory::kMostOfClient; ++i) {
    ASSERT_TRUE(add("a", i).ok());
  }
  EXPECT_EQ(ReasonOf(add("a", 1000)), Reason::kServerFull);
  // What is there can be registered again.
  EXPECT_TRUE(add("a", 0).ok());
  for (std::size_t i = SharedMemory::kMostOfClient;
       i < SharedMemory::kMostRegions; ++i) {
    ASSERT_TRUE(add(absl::StrCat("b", i), i).ok());
  }
  EXPECT_EQ(ReasonOf(add("c", 0)), Reason::kServerFull);
  EXPECT_THAT(memory.List("c"), IsEmpty());
  memory.Unregister("a", "r0");
  EXPECT_TRUE(add("c", 0).ok());
}

}  // namespace
}  // namespace strata
