// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/engine/cpu_share.h"

#include "gtest/gtest.h"

namespace strata {
namespace {

TEST(CpuShareTest, EachForwardHasAnEqualPart) {
  CpuShare cpus(8);
  EXPECT_EQ(cpus.threads(), 8);
  cpus.Enter();
  EXPECT_EQ(cpus.threads(), 8);
  cpus.Enter();
  EXPECT_EQ(cpus.threads(), 4);
  cpus.Enter();
  EXPECT_EQ(cpus.threads(), 2);
  cpus.Leave();
  cpus.Leave();
  EXPECT_EQ(cpus.threads(), 8);
}

TEST(CpuShareTest, APartIsNeverNothing) {
  CpuShare cpus(2);
  for (int forward = 0; forward < 3; ++forward) cpus.Enter();
  EXPECT_EQ(cpus.threads(), 1);
}

TEST(CpuShareTest, WithoutCpusNothingIsDivided) {
  CpuShare cpus(0);
  cpus.Enter();
  EXPECT_EQ(cpus.threads(), 0);
}

}  // namespace
}  // namespace strata
