// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/address.h"

#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

using testing::HasSubstr;

TEST(AddressTest, ReadsHostAndPort) {
  EXPECT_EQ(*ParseAddress("127.0.0.1:50051"), (Address{"127.0.0.1", 50051}));
  EXPECT_EQ(*ParseAddress("localhost:0"), (Address{"localhost", 0}));
  EXPECT_EQ(*ParseAddress("0.0.0.0:65535"), (Address{"0.0.0.0", 65535}));
}

TEST(AddressTest, ReadsIpv6InBrackets) {
  EXPECT_EQ(*ParseAddress("[::1]:50051"), (Address{"::1", 50051}));
  EXPECT_EQ(*ParseAddress("[::]:80"), (Address{"::", 80}));
}

TEST(AddressTest, WritesWhatItReads) {
  for (const std::string text : {"127.0.0.1:50051", "host:0", "[::1]:9"}) {
    EXPECT_EQ(ParseAddress(text)->ToString(), text);
  }
}

TEST(AddressTest, RefusesWhatIsNoAddress) {
  for (const std::string text :
       {"", ":", "host", "host:", ":80", "host:80x", "host:65536", "host:-1",
        "::1:80", "[]:80", "[::1]", "[::1:80", "[host]:80", "a b:80"}) {
    const auto address = ParseAddress(text);
    EXPECT_EQ(address.status().code(), absl::StatusCode::kInvalidArgument)
        << text;
    EXPECT_THAT(std::string(address.status().message()),
                HasSubstr("\"" + text + "\" is not an address"));
  }
}

}  // namespace
}  // namespace strata
