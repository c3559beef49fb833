// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/engine/cpu_share.h"

#include "gtest/gtest.h"

namespace strata {
namespace {

TEST(CpuShareTest, EachForwardHasAnEqualPart) {
  CpuShare cpus(8, 3);
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
  CpuShare cpus(2, 4);
  for (int forward = 0; forward < 3; ++forward) cpus.Enter();
  EXPECT_EQ(cpus.threads(), 1);
  EXPECT_EQ(cpus.least_threads(), 1);
}

TEST(CpuShareTest, ThereIsAPartThatDoesNotChange) {
  CpuShare cpus(8, 3);
  EXPECT_EQ(cpus.least_threads(), 2);
  cpus.Enter();
  EXPECT_EQ(cpus.least_threads(), 2);
}

TEST(CpuShareTest, WithoutCpusNothingIsDivided) {
  CpuShare cpus(0, 1);
  cpus.Enter();
  EXPECT_EQ(cpus.threads(), 0);
  EXPECT_EQ(cpus.least_threads(), 0);
}

}  // namespace
}  // namespace strata
