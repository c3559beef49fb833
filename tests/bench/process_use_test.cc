// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/process_use.h"

#include <unistd.h>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace strata::bench {
namespace {

TEST(ProcessUseTest, ReadsAnyProcessOfThisUser) {
  const auto own = ReadProcessUse(0);
  const auto by_id = ReadProcessUse(getpid());
  ASSERT_TRUE(own.ok()) << own.status();
  ASSERT_TRUE(by_id.ok()) << by_id.status();
  EXPECT_GT(own->cpu_seconds, 0);
  EXPECT_GT(own->peak_bytes, 0);
  EXPECT_GE(by_id->cpu_seconds, own->cpu_seconds);
  EXPECT_GE(by_id->peak_bytes, own->peak_bytes);
}

TEST(ProcessUseTest, SaysThatThereIsNone) {
  // Linux never gives that one out.
  EXPECT_EQ(ReadProcessUse(4'194'304).status().code(),
            absl::StatusCode::kNotFound);
}

TEST(ProcessUseTest, OwnTimeGrows) {
  const double before = OwnCpuSeconds();
  EXPECT_GE(OwnCpuSeconds(), before);
}

}  // namespace
}  // namespace strata::bench
