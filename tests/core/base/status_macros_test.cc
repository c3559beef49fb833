// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/base/status_macros.h"

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

absl::Status ReturnIfError(const absl::Status& status, bool& went_on) {
  STRATA_RETURN_IF_ERROR(status);
  went_on = true;
  return absl::OkStatus();
}

absl::StatusOr<int> AssignOrReturn(absl::StatusOr<std::unique_ptr<int>> value) {
  STRATA_ASSIGN_OR_RETURN(const std::unique_ptr<int> number, std::move(value));
  return *number + 1;
}

TEST(StatusMacros, ReturnsAnErrorAtOnce) {
  bool went_on = false;
  EXPECT_EQ(ReturnIfError(absl::AbortedError("x"), went_on),
            absl::AbortedError("x"));
  EXPECT_FALSE(went_on);
  EXPECT_EQ(ReturnIfError(absl::OkStatus(), went_on), absl::OkStatus());
  EXPECT_TRUE(went_on);
}

TEST(StatusMacros, AssignsMoveOnlyValues) {
  EXPECT_EQ(*AssignOrReturn(std::make_unique<int>(4)), 5);
  EXPECT_EQ(AssignOrReturn(absl::AbortedError("x")).status(),
            absl::AbortedError("x"));
}

}  // namespace
}  // namespace strata
