// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/tokenize/check_ids.h"

#include <cstdint>
#include <limits>
#include <vector>

#include "absl/status/status.h"
#include "core/base/error.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

using Ids = std::vector<std::int64_t>;

TEST(CheckIds, TakesIdsOfTheVocabulary) {
  EXPECT_TRUE(CheckIds(Ids{}, 10).ok());
  EXPECT_TRUE(CheckIds(Ids{0, 9, 5, 0}, 10).ok());
}

TEST(CheckIds, NamesTheFirstThatIsNot) {
  const absl::Status status = CheckIds(Ids{0, 9, 10, -1}, 10);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), Reason::kInvalidField);
  EXPECT_EQ(status.message(),
            "piece 2 has the id 10, which is outside the vocabulary, 0 to 9");
}

TEST(CheckIds, RefusesExtremes) {
  for (const std::int64_t id :
       {std::numeric_limits<std::int64_t>::min(), std::int64_t{-1},
        std::numeric_limits<std::int64_t>::max()}) {
    EXPECT_FALSE(CheckIds(Ids{id}, 10).ok()) << id;
  }
  EXPECT_FALSE(CheckIds(Ids{0}, 0).ok());
}

}  // namespace
}  // namespace strata
