// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/base/build_id.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

TEST(BuildIdTest, IsThatOfTheProgram) {
  EXPECT_THAT(BuildId(), testing::MatchesRegex("[0-9a-f]{16,}"));
  EXPECT_EQ(BuildId(), BuildId());
}

}  // namespace
}  // namespace strata
