// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/stop_signal.h"

#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <optional>
#include <thread>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

class StopSignalTest : public testing::Test {
 protected:
  StopSignalTest() {
    auto created = StopSignal::Create();
    EXPECT_TRUE(created.ok()) << created.status();
    signals_ = *std::move(created);
  }
  // Nothing may be left over for the next test, which unblocking would show.
  ~StopSignalTest() override {
    EXPECT_EQ(signals_->Wait(absl::ZeroDuration()), std::nullopt);
  }

  std::unique_ptr<StopSignal> signals_;
};

TEST_F(StopSignalTest, WaitReturnsTheSignal) {
  kill(getpid(), SIGTERM);
  EXPECT_EQ(signals_->Wait(absl::InfiniteDuration()), SIGTERM);
  kill(getpid(), SIGINT);
  EXPECT_EQ(signals_->Wait(absl::InfiniteDuration()), SIGINT);
}

TEST_F(StopSignalTest, WaitReturnsASignalThatComesMeanwhile) {
  const std::jthread sender([] { kill(getpid(), SIGTERM); });
  EXPECT_EQ(signals_->Wait(absl::InfiniteDuration()), SIGTERM);
}

TEST_F(StopSignalTest, WaitEndsAfterItsTime) {
  EXPECT_EQ(signals_->Wait(absl::Milliseconds(1)), std::nullopt);
  EXPECT_EQ(signals_->Wait(absl::ZeroDuration()), std::nullopt);
  EXPECT_EQ(signals_->Wait(-absl::Seconds(1)), std::nullopt);
}

TEST_F(StopSignalTest, WakeEndsAWait) {
  const std::jthread waker([this] { signals_->Wake(); });
  EXPECT_EQ(signals_->Wait(absl::InfiniteDuration()), std::nullopt);
}

TEST_F(StopSignalTest, AnEarlierWakeEndsTheNextWaitOnly) {
  signals_->Wake();
  signals_->Wake();
  EXPECT_EQ(signals_->Wait(absl::InfiniteDuration()), std::nullopt);
  kill(getpid(), SIGINT);
  EXPECT_EQ(signals_->Wait(absl::InfiniteDuration()), SIGINT);
}

TEST_F(StopSignalTest, ASignalGoesBeforeAWake) {
  signals_->Wake();
  kill(getpid(), SIGTERM);
  EXPECT_EQ(signals_->Wait(absl::InfiniteDuration()), SIGTERM);
  EXPECT_EQ(signals_->Wait(absl::InfiniteDuration()), std::nullopt);
}

}  // namespace
}  // namespace strata
