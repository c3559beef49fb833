// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/call_identity.h"

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/trace_context.h"

namespace strata {
namespace {

constexpr const char* kParent =
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

std::string RequestId(const std::string& given) {
  return IdentifyCall({{"x-request-id", given}}).request_id;
}

TEST(CallIdentityTest, KeepsTheCallersRequestId) {
  EXPECT_EQ(RequestId("8a0c1f6e-2b9d-4f5e-9d51-0d3a7c4d9e11"),
            "8a0c1f6e-2b9d-4f5e-9d51-0d3a7c4d9e11");
  EXPECT_EQ(RequestId("a:b/c+d=e@f_g.h"), "a:b/c+d=e@f_g.h");
}

TEST(CallIdentityTest, MakesOneUpWhereThereIsNone) {
  const std::string made = IdentifyCall({}).request_id;
  EXPECT_THAT(made, testing::MatchesRegex("[0-9a-f]{16}"));
  EXPECT_NE(IdentifyCall({}).request_id, made);
  EXPECT_THAT(RequestId(""), testing::MatchesRegex("[0-9a-f]{16}"));
}

TEST(CallIdentityTest, ARequestIdIsNoText) {
  EXPECT_EQ(RequestId("a b\"c\\d<e>"), "a_b_c_d_e_");
  EXPECT_EQ(RequestId("caf\xC3\xA9\n"), "caf___");
}

TEST(CallIdentityTest, ALongRequestIdIsCut) {
  EXPECT_EQ(RequestId(std::string(5000, 'x')), std::string(128, 'x'));
}

TEST(CallIdentityTest, TakesTheCallersPlaceInATrace) {
  const TraceContext parent =
      IdentifyCall({{"traceparent", kParent}}).parent.value_or(TraceContext());
  EXPECT_EQ(absl::BytesToHexString(parent.span_id), "b7ad6b7169203331");
}

TEST(CallIdentityTest, NoPlaceOrSeveralAreNone) {
  EXPECT_FALSE(IdentifyCall({}).parent.has_value());
  EXPECT_FALSE(IdentifyCall({{"traceparent", "00-0-0-0"}}).parent.has_value());
  EXPECT_FALSE(
      IdentifyCall({{"traceparent", kParent}, {"traceparent", kParent}})
          .parent.has_value());
}

}  // namespace
}  // namespace strata
