// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/interrupt.h"

#include <gtest/gtest.h>

#include <csignal>

#include "absl/synchronization/notification.h"

namespace strata::cli {
namespace {

TEST(Interrupt, CallsItsFunctionInPlaceOfTheEnd) {
  absl::Notification called;
  const Interrupt interrupt([&] { called.Notify(); });
  EXPECT_FALSE(Interrupt::happened());
  std::raise(SIGINT);
  EXPECT_TRUE(Interrupt::happened());
  called.WaitForNotification();
}

TEST(Interrupt, WithoutOneItsFunctionIsNotCalled) {
  bool called = false;
  {
    const Interrupt interrupt([&] { called = true; });
  }
  EXPECT_FALSE(called);
}

TEST(InterruptDeathTest, TheSecondEndsTheProcess) {
  EXPECT_EXIT(
      {
        const Interrupt interrupt([] {});
        std::raise(SIGINT);
        std::raise(SIGINT);
      },
      testing::KilledBySignal(SIGINT), "");
}

TEST(Interrupt, WhatWasIgnoredStaysIgnored) {
  const auto before = std::signal(SIGINT, SIG_IGN);
  {
    const Interrupt interrupt([] {});
    std::raise(SIGINT);
    EXPECT_FALSE(Interrupt::happened());
  }
  EXPECT_EQ(std::signal(SIGINT, before), SIG_IGN);
}

}  // namespace
}  // namespace strata::cli
