// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/metrics_listener.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/address.h"
#include "server/metrics.h"
#include "tests/server/http_get.h"

namespace strata {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

const Address kAnyPort = {.host = "127.0.0.1", .port = 0};

TEST(MetricsListenerTest, AnswersOnThePortThatItSays) {
  Metrics metrics;
  metrics.OnQueueDepth(11);
  const auto listener = MetricsListener::Start(kAnyPort, metrics.registry());
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_NE((*listener)->address().port, 0);
  EXPECT_THAT(HttpGet((*listener)->address().port, "/metrics"),
              AllOf(StartsWith("HTTP/1.1 200"),
                    HasSubstr("strata_queue_depth_inputs 11\n")));
}

TEST(MetricsListenerTest, HasNothingButMetrics) {
  const Metrics metrics;
  const auto listener = MetricsListener::Start(kAnyPort, metrics.registry());
  ASSERT_TRUE(listener.ok()) << listener.status();
  for (const char* path : {"/", "/etc/passwd", "/../etc/passwd"}) {
    EXPECT_THAT(HttpGet((*listener)->address().port, path),
                StartsWith("HTTP/1.1 404"))
        << path;
  }
}

TEST(MetricsListenerTest, KnowsLocalhost) {
  const Metrics metrics;
  const auto listener = MetricsListener::Start({.host = "localhost", .port = 0},
                                               metrics.registry());
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_EQ((*listener)->address().host, "127.0.0.1");
}

TEST(MetricsListenerTest, ATakenPortIsAnError) {
  const Metrics metrics;
  const auto first = MetricsListener::Start(kAnyPort, metrics.registry());
  ASSERT_TRUE(first.ok()) << first.status();
  const Address taken = (*first)->address();
  const auto second = MetricsListener::Start(taken, metrics.registry());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(
      std::string(second.status().message()),
      AllOf(HasSubstr("cannot listen for metrics on " + taken.ToString()),
            HasSubstr("--metrics-listen")));
}

TEST(MetricsListenerTest, AHostThatIsNoneIsAnError) {
  const Metrics metrics;
  EXPECT_EQ(MetricsListener::Start({.host = "not-an-ip", .port = 0},
                                   metrics.registry())
                .status()
                .code(),
            absl::StatusCode::kUnavailable);
}

TEST(MetricsListenerTest, StopsWhenItIsDestroyed) {
  const Metrics metrics;
  auto listener = MetricsListener::Start(kAnyPort, metrics.registry());
  ASSERT_TRUE(listener.ok()) << listener.status();
  const int port = (*listener)->address().port;
  listener->reset();
  EXPECT_EQ(HttpGet(port, "/metrics"), "");
}

}  // namespace
}  // namespace strata
