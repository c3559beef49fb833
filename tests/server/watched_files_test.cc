// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/watched_files.h"

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/fake_clock.h"
#include "tests/server/temporary_file.h"

namespace strata {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class WatchedFilesTest : public testing::Test {
 protected:
  FakeClock clock_;
  TemporaryFile a_{"a", "1"};
  TemporaryFile b_{"b", "2"};
  WatchedFiles files_{{a_.path(), b_.path()}, absl::Seconds(10), clock_};
};

TEST_F(WatchedFilesTest, SaysWhatTheFilesHoldOnce) {
  const auto first = files_.Poll();
  ASSERT_TRUE(first.ok() && first->has_value());
  EXPECT_THAT(**first, ElementsAre("1", "2"));
  clock_.Advance(absl::Seconds(10));
  const auto second = files_.Poll();
  ASSERT_TRUE(second.ok());
  EXPECT_FALSE(second->has_value());
}

TEST_F(WatchedFilesTest, AChangeIsSeenAfterTheInterval) {
  ASSERT_TRUE(files_.Poll().ok());
  b_.Write("3");
  clock_.Advance(absl::Seconds(9));
  ASSERT_TRUE(files_.Poll().ok());
  EXPECT_FALSE(files_.Poll()->has_value());
  clock_.Advance(absl::Seconds(1));
  const auto changed = files_.Poll();
  ASSERT_TRUE(changed.ok() && changed->has_value());
  EXPECT_THAT(**changed, ElementsAre("1", "3"));
}

TEST_F(WatchedFilesTest, WithoutAnIntervalEveryCallLooks) {
  WatchedFiles files({a_.path()}, absl::ZeroDuration(), clock_);
  ASSERT_TRUE(files.Poll()->has_value());
  a_.Write("4");
  EXPECT_TRUE(files.Poll()->has_value());
}

TEST_F(WatchedFilesTest, AMissingFileIsToldOnceAndItsReturnIsNoChange) {
  ASSERT_TRUE(files_.Poll().ok());
  a_.Remove();
  clock_.Advance(absl::Seconds(10));
  const auto missing = files_.Poll();
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(missing.status().message()),
              HasSubstr(a_.path().string()));
  clock_.Advance(absl::Seconds(10));
  EXPECT_TRUE(files_.Poll().ok());
  a_.Write("1");
  clock_.Advance(absl::Seconds(10));
  const auto back = files_.Poll();
  ASSERT_TRUE(back.ok());
  EXPECT_FALSE(back->has_value());
}

}  // namespace
}  // namespace strata
