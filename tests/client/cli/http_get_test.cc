// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/http_get.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tests/client/cli/fake_http.h"

namespace strata::cli {
namespace {

using testing::HasSubstr;

absl::Status FailureOf(const std::string& answer) {
  const FakeHttp server(answer);
  return HttpGet(server.address(), "/metrics", absl::Minutes(1)).status();
}

TEST(HttpGet, ReturnsTheBody) {
  FakeHttp server(HttpAnswer("a 1\nb 2\n"));
  const auto body = HttpGet(server.address(), "/metrics", absl::Minutes(1));
  ASSERT_TRUE(body.ok()) << body.status();
  EXPECT_EQ(*body, "a 1\nb 2\n");
  EXPECT_EQ(server.Asked(), "GET /metrics HTTP/1.1");
}

TEST(HttpGet, ReadsLongAnswersToTheirEnd) {
  const std::string body(1'000'000, 'x');
  const FakeHttp server(HttpAnswer(body));
  EXPECT_EQ(HttpGet(server.address(), "/", absl::Minutes(1)).value_or(""),
            body);
}

TEST(HttpGet, SaysWhatCameInstead) {
  EXPECT_EQ(FailureOf(HttpAnswer("", "404 Not Found")).message(),
            "the answer is HTTP/1.1 404 Not Found");
  EXPECT_EQ(FailureOf("").message(), "the answer is not HTTP");
  EXPECT_EQ(FailureOf("HTTP/1.1").message(), "the answer is not HTTP");
  EXPECT_EQ(FailureOf("PRI * HTTP/2.0\r\n\r\n").message(),
            "the answer is not HTTP");
  const absl::Status chunked =
      FailureOf("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n");
  EXPECT_EQ(chunked.message(), "the answer comes in chunks");
  EXPECT_TRUE(absl::IsFailedPrecondition(chunked));
}

TEST(HttpGet, NobodyThereIsUnavailable) {
  std::string address;
  {
    const FakeHttp server("");
    address = server.address();
  }
  const auto body = HttpGet(address, "/", absl::Minutes(1));
  EXPECT_TRUE(absl::IsUnavailable(body.status())) << body.status();
  EXPECT_THAT(body.status().message(), HasSubstr("refused"));
}

TEST(HttpGet, AnAddressNeedsAPort) {
  for (const char* address : {"localhost", "", ":1"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(
        HttpGet(address, "/", absl::Minutes(1)).status()))
        << address;
  }
}

}  // namespace
}  // namespace strata::cli
