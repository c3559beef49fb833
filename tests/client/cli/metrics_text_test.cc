// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/metrics_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace strata::cli {
namespace {

using testing::ElementsAre;

std::vector<Sample> Parsed(const std::string& text) {
  const auto samples = ParseMetrics(text);
  EXPECT_TRUE(samples.ok()) << samples.status();
  return samples.value_or(std::vector<Sample>());
}

TEST(ParseMetrics, ReadsNamesLabelsAndValues) {
  EXPECT_THAT(
      Parsed("# HELP a What it is.\n"
             "# TYPE a counter\n"
             "a 3\n"
             "\n"
             "b{model=\"minilm\",code=\"OK\"} 1.5e3\n"
             "c{le=\"+Inf\"} +Inf 1700000000000\n"),
      ElementsAre(Sample{.name = "a", .value = 3},
                  Sample{.name = "b",
                         .labels = {{"model", "minilm"}, {"code", "OK"}},
                         .value = 1500},
                  Sample{.name = "c",
                         .labels = {{"le", "+Inf"}},
                         .value = std::numeric_limits<double>::infinity()}));
}

TEST(ParseMetrics, ReadsWhatLabelsEscape) {
  EXPECT_THAT(
      Parsed(R"(a{x="say \"hi\"\\\n{},=",y=""} 1)"),
      ElementsAre(Sample{.name = "a",
                         .labels = {{"x", "say \"hi\"\\\n{},="}, {"y", ""}},
                         .value = 1}));
}

TEST(ParseMetrics, NothingIsNoSamples) {
  EXPECT_THAT(Parsed(""), testing::IsEmpty());
  EXPECT_THAT(Parsed("# only\n"), testing::IsEmpty());
}

TEST(ParseMetrics, SaysWhichLineIsNone) {
  for (const char* line :
       {"a", "a b", "{x=\"y\"} 1", "a{x} 1", "a{x=y} 1", "a{x=\"y} 1",
        "a{=\"y\"} 1", "a{x=\"y\"", "<html>"}) {
    const auto samples = ParseMetrics(std::string("ok 1\n") + line + "\n");
    EXPECT_TRUE(absl::IsFailedPrecondition(samples.status())) << line;
    EXPECT_EQ(samples.status().message(),
              "line 2 of the answer is none of Prometheus's format")
        << line;
  }
}

TEST(Sample, ALabelThatItHasNotIsEmpty) {
  EXPECT_EQ(Sample{}.Label("model"), "");
}

}  // namespace
}  // namespace strata::cli
