// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/progress.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "absl/time/time.h"

namespace strata::cli {
namespace {

TEST(ProgressLine, OfAPipe) {
  EXPECT_EQ(ProgressLine({}), "0 texts");
  EXPECT_EQ(ProgressLine({.texts = 1, .elapsed = absl::Seconds(2)}),
            "1 text, 0.5 texts/s");
  EXPECT_EQ(ProgressLine({.texts = 1204, .elapsed = absl::Milliseconds(5500)}),
            "1204 texts, 219 texts/s");
}

TEST(ProgressLine, OfAFile) {
  const auto line = [](std::int64_t bytes, absl::Duration elapsed) {
    return ProgressLine(
        {.texts = 100, .bytes = bytes, .all_bytes = 1000, .elapsed = elapsed});
  };
  EXPECT_EQ(line(0, absl::Seconds(10)), "100 texts, 10 texts/s, 0 %");
  EXPECT_EQ(line(250, absl::Seconds(10)),
            "100 texts, 10 texts/s, 25 %, 0:30 left");
  EXPECT_EQ(line(100, absl::Seconds(100)),
            "100 texts, 1.0 texts/s, 10 %, 15:00 left");
  EXPECT_EQ(line(1, absl::Seconds(10)),
            "100 texts, 10 texts/s, 0 %, 2:46:30 left");
  // It has grown since it was opened.
  EXPECT_EQ(line(2000, absl::Seconds(10)),
            "100 texts, 10 texts/s, 100 %, 0:00 left");
}

class ProgressTest : public testing::Test {
 protected:
  Progress::Options OptionsOf(bool shown, int width = 80) {
    return {.shown = shown, .width = width, .now = [this] { return now_; }};
  }
  std::string TakeDrawn() {
    std::string drawn = terminal_.str();
    terminal_.str("");
    return drawn;
  }

  absl::Time now_ = absl::UnixEpoch();
  std::ostringstream terminal_;
};

TEST_F(ProgressTest, RedrawsALineInPlaceNowAndThen) {
  Progress progress(terminal_, OptionsOf(true));
  progress.Add(1, 10);
  progress.Draw();
  EXPECT_EQ(TakeDrawn(), "");
  now_ += absl::Milliseconds(250);
  progress.Draw();
  EXPECT_EQ(TakeDrawn(), "\r\x1b[K1 text, 4.0 texts/s");
  progress.Add(1, 20);
  now_ += absl::Milliseconds(249);
  progress.Draw();
  EXPECT_EQ(TakeDrawn(), "");
  now_ += absl::Milliseconds(1);
  progress.Draw();
  EXPECT_EQ(TakeDrawn(), "\r\x1b[K2 texts, 4.0 texts/s");
}

TEST_F(ProgressTest, LeavesNothingBehind) {
  {
    Progress progress(terminal_, OptionsOf(true));
    progress.Hide();
    EXPECT_EQ(TakeDrawn(), "");
    now_ += absl::Seconds(1);
    progress.Draw();
    TakeDrawn();
    progress.Hide();
    EXPECT_EQ(TakeDrawn(), "\r\x1b[K");
    now_ += absl::Seconds(1);
    progress.Draw();
    TakeDrawn();
  }
  EXPECT_EQ(TakeDrawn(), "\r\x1b[K");
}

TEST_F(ProgressTest, StaysWithinTheLine) {
  Progress progress(terminal_, OptionsOf(true, /*width=*/12));
  now_ += absl::Seconds(1);
  progress.Draw();
  EXPECT_EQ(TakeDrawn(), "\r\x1b[K0 texts, 0…");
}

TEST_F(ProgressTest, IsNothingWhereItIsNotShown) {
  Progress progress(terminal_, OptionsOf(false));
  now_ += absl::Seconds(1);
  progress.Add(5, 5);
  progress.Draw();
  progress.Hide();
  EXPECT_EQ(TakeDrawn(), "");
}

}  // namespace
}  // namespace strata::cli
