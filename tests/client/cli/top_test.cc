// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/top.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <sstream>
#include <string>

#include "absl/time/time.h"
#include "client/cli/cli.h"
#include "client/cli/console.h"
#include "client/cli/snapshot.h"
#include "client/cli/top_table.h"
#include "tests/client/cli/fake_http.h"

namespace strata::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Snapshot Busy() {
  return {.server_version = "0.1.0",
          .in_flight = 3,
          .waiting = 12,
          .states = {{"minilm", {{1, "ready"}, {2, "refused"}}},
                     {"falcon", {{1, "loading"}}}},
          .models = {{"minilm",
                      {.requests = 40,
                       .failed = 2,
                       .pieces = 500,
                       .stages = {{"total", {{0.1, 20}, {kInfinity, 40}}},
                                  {"queue", {{0.001, 40}, {kInfinity, 40}}},
                                  {"compute", {{0.01, 40}, {kInfinity, 40}}}}}},
                     {"<other>", {}}}};
}

TEST(TopTable, WithoutAnEarlierLookIsOfAllSinceTheStart) {
  EXPECT_EQ(
      TopTable("127.0.0.1:9464", Busy(), std::nullopt, 100, false),
      R"(strata 0.1.0 at 127.0.0.1:9464: 3 in flight, 12 inputs waiting, since it started

model   versions            requests  failed  pieces     p50      p99  queue p50  forward p50
─────────────────────────────────────────────────────────────────────────────────────────────
falcon  1 loading                  0       0       0       -        -          -            -
minilm  1 ready, 2 refused        40       2     500  100 ms  >100 ms    0.50 ms      5.00 ms
)");
}

TEST(TopTable, WithOneIsOfWhatEndedSince) {
  Snapshot before = Busy();
  before.models["minilm"].requests = 30;
  before.models["minilm"].failed = 1;
  before.models["minilm"].pieces = 0;
  before.models["minilm"].stages["total"] = {{0.1, 10}, {kInfinity, 30}};
  const std::string text = TopTable(
      "here:1", Busy(), Earlier{.snapshot = before, .ago = absl::Seconds(2)},
      100, false);
  EXPECT_THAT(text, HasSubstr("waiting, last 2.0 s\n"));
  EXPECT_THAT(text, HasSubstr("requests/s  failed/s  pieces/s"));
  // All ten took less than the 100 ms of the first bucket.
  EXPECT_THAT(text, HasSubstr("minilm  1 ready, 2 refused         5.0       0.5"
                              "       250  50.0 ms  99.0 ms"));
}

TEST(TopTable, WhatCallersMadeUpIsARowOnceSomebodyHas) {
  Snapshot snapshot = Busy();
  EXPECT_THAT(TopTable("a:1", snapshot, std::nullopt, 100, false),
              Not(HasSubstr("<other>")));
  snapshot.models["<other>"].requests = 1;
  EXPECT_THAT(TopTable("a:1", snapshot, std::nullopt, 100, false),
              HasSubstr("\n<other>"));
}

TEST(TopTable, ColoursTheHeadingsAndTheStates) {
  const std::string plain = TopTable("a:1", Busy(), std::nullopt, 100, false);
  EXPECT_THAT(plain, Not(HasSubstr("\x1b")));
  const std::string text = TopTable("a:1", Busy(), std::nullopt, 100, true);
  EXPECT_THAT(text, StartsWith("\x1b[1mstrata 0.1.0"));
  EXPECT_THAT(text, HasSubstr("\x1b[0m\n\n\x1b[1mmodel\x1b[0m "));
  // Of several versions the worst one.
  EXPECT_THAT(text, HasSubstr("\nminilm  \x1b[31m1 ready, 2 refused\x1b[0m "));
  EXPECT_THAT(text, HasSubstr("\nfalcon  \x1b[33m1 loading\x1b[0m "));
  Snapshot well = Busy();
  well.states = {{"minilm", {{1, "ready"}}}};
  EXPECT_THAT(TopTable("a:1", well, std::nullopt, 100, true),
              HasSubstr("\nminilm  \x1b[32m1 ready\x1b[0m "));
}

struct Result {
  int code = 0;
  std::string out;
  std::string err;
};

Result RunTopArgs(const std::string& address, bool terminal = false) {
  std::ostringstream out;
  std::ostringstream err;
  const int code = RunCli(
      {"top", "--once", "--metrics", address},
      {.out = out, .err = err, .width = 100, .out_is_terminal = terminal});
  return {.code = code, .out = out.str(), .err = err.str()};
}

TEST(Top, OnceIsOneLook) {
  FakeHttp server(
      HttpAnswer("strata_model_state{model=\"m\",version=\"1\",state=\"ready\"}"
                 " 1\nstrata_in_flight_requests 4\n"));
  const Result result = RunTopArgs(server.address());
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("4 in flight"));
  EXPECT_THAT(result.out, HasSubstr("\nm      1 ready"));
  EXPECT_THAT(result.out, Not(HasSubstr("\x1b")));
  EXPECT_EQ(server.Asked(), "GET /metrics HTTP/1.1");
}

TEST(Top, OnATerminalOneLookDoesNotClearIt) {
  setenv("TERM", "xterm", 1);
  const FakeHttp server(HttpAnswer("strata_in_flight_requests 4\n"));
  const Result result = RunTopArgs(server.address(), /*terminal=*/true);
  EXPECT_THAT(result.out, StartsWith("\x1b[1m"));
  EXPECT_THAT(result.out, Not(HasSubstr("\x1b[2J")));
}

TEST(Top, NobodyThereIsSaidWithTheOptionThatNamesThePlace) {
  std::string address;
  {
    const FakeHttp server("");
    address = server.address();
  }
  const Result result = RunTopArgs(address);
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_THAT(result.err,
              StartsWith("strata: cannot reach the server at " + address));
  EXPECT_THAT(result.err, HasSubstr("name another place with --metrics."));
}

TEST(Top, WhatIsNotMetricsIsAnError) {
  const FakeHttp server(HttpAnswer("<html>"));
  const Result result = RunTopArgs(server.address());
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("line 1 of the answer is none of"));
}

}  // namespace
}  // namespace strata::cli
