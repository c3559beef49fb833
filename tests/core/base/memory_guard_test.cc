// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/base/memory_guard.h"

#include <new>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

using testing::HasSubstr;

TEST(MemoryGuardTest, GivesWhatTheWorkGives) {
  EXPECT_EQ(*GuardMemory("read it", []() -> absl::StatusOr<int> { return 3; }),
            3);
  const absl::Status status = GuardMemory(
      "read it", [] { return absl::InvalidArgumentError("its own"); });
  EXPECT_EQ(status, absl::InvalidArgumentError("its own"));
}

TEST(MemoryGuardTest, WantOfMemoryIsAnErrorToTryAgainAfter) {
  const auto failed = GuardMemory(
      "read it", []() -> absl::StatusOr<int> { throw std::bad_alloc(); });
  EXPECT_EQ(failed.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(failed.status()), Reason::kServerFull);
  EXPECT_THAT(failed.status().message(), HasSubstr("no memory to read it"));
}

}  // namespace
}  // namespace strata
