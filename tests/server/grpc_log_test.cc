// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/grpc_log.h"

#include <string>

#include "gmock/gmock.h"
#include "grpc/support/log.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

TEST(GrpcLogTest, WhatGrpcSaysIsALineLikeOthers) {
  // As grpc_init does, unless the environment says more.
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
  LogWhatGrpcSays();
  testing::internal::CaptureStderr();
  gpr_log(GPR_ERROR, "Failed %s: %d\n", "accept4", 24);
  const std::string text = testing::internal::GetCapturedStderr();
  gpr_set_log_function(nullptr);
  EXPECT_THAT(text,
              testing::MatchesRegex("time=.* level=warning event=grpc "
                                    "at=grpc_log_test\\.cc:[0-9]+ "
                                    "message=\"Failed accept4: 24\\\\n\"\n"));
}

}  // namespace
}  // namespace strata
