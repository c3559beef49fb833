// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/format.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

namespace strata::cli {
namespace {

std::string Ms(std::int64_t seconds, std::int32_t nanos) {
  google::protobuf::Duration duration;
  duration.set_seconds(seconds);
  duration.set_nanos(nanos);
  return Milliseconds(duration);
}

TEST(Milliseconds, KeepsThreeDigits) {
  EXPECT_EQ(Ms(0, 0), "0.00 ms");
  EXPECT_EQ(Ms(0, 421'000), "0.42 ms");
  EXPECT_EQ(Ms(0, 12'340'000), "12.3 ms");
  EXPECT_EQ(Ms(1, 500'000'000), "1500 ms");
}

TEST(Number, FitsIntoTenColumns) {
  EXPECT_EQ(Number(0.0F), "0.0000");
  EXPECT_EQ(Number(-0.12344F), "-0.1234");
  EXPECT_EQ(Number(9999.5F), "9999.5000");
  EXPECT_EQ(Number(-123456.0F), "-1.23e+05");
  EXPECT_EQ(Number(0.00012F), "1.20e-04");
  EXPECT_EQ(Number(std::numeric_limits<float>::infinity()), "inf");
  EXPECT_EQ(Number(std::nanf("")), "nan");
}

TEST(Count, HasAPlural) {
  EXPECT_EQ(Count(1, "text"), "1 text");
  EXPECT_EQ(Count(0, "text"), "0 texts");
  EXPECT_EQ(Count(12, "piece"), "12 pieces");
}

TEST(WithoutPrefix, LeavesOtherNames) {
  EXPECT_EQ(WithoutPrefix("MODEL_STATE_READY", "MODEL_STATE_"), "READY");
  EXPECT_EQ(WithoutPrefix("READY", "MODEL_STATE_"), "READY");
}

}  // namespace
}  // namespace strata::cli
