// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/metrics.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/base/observer.h"
#include "core/model/registry.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "prometheus/metric_family.h"
#include "prometheus/metric_type.h"
#include "prometheus/text_serializer.h"
#include "server/process_metrics.h"

namespace strata {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Text(const Metrics& metrics) {
  return prometheus::TextSerializer().Serialize(metrics.registry()->Collect());
}

ModelEntry Entry(const std::string& name, ModelState state) {
  return {.id = {.name = name, .version = 1}, .state = state};
}

TEST(MetricsTest, CountsRequestsByModelAndCode) {
  Metrics metrics;
  metrics.SetModels({Entry("minilm", ModelState::kReady)});
  metrics.OnRequestDone("minilm", absl::OkStatus(), 3, {});
  metrics.OnRequestDone("minilm", absl::OkStatus(), 4, {});
  metrics.OnRequestDone("minilm", Error(Reason::kInputTooLong, "x"), 1, {});
  const std::string text = Text(metrics);
  EXPECT_THAT(
      text, HasSubstr(R"(strata_requests_total{code="OK",model="minilm"} 2)"));
  EXPECT_THAT(
      text,
      HasSubstr(
          R"(strata_requests_total{code="INVALID_ARGUMENT",model="minilm"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(strata_inputs_total{model="minilm"} 7)"));
  EXPECT_THAT(
      text, HasSubstr(R"(strata_rejections_total{reason="INPUT_TOO_LONG"} 1)"));
}

TEST(MetricsTest, ObservesTheStagesOfGoodRequestsOnly) {
  Metrics metrics;
  metrics.SetModels({Entry("minilm", ModelState::kReady)});
  metrics.OnRequestDone("minilm", absl::OkStatus(), 1,
                        {.tokenize = absl::Milliseconds(2),
                         .queue = absl::Milliseconds(30),
                         .compute = absl::Milliseconds(400),
                         .total = absl::Seconds(5)});
  metrics.OnRequestDone("minilm", Error(Reason::kServerFull, "x"), 1,
                        {.total = absl::Seconds(9)});
  const std::string text = Text(metrics);
  const auto stage = [](absl::string_view name, absl::string_view value) {
    return absl::StrCat("strata_stage_duration_seconds_sum{model=\"minilm\"",
                        ",stage=\"", name, "\"} ", value, "\n");
  };
  EXPECT_THAT(text, HasSubstr(stage("tokenize", "0.002")));
  EXPECT_THAT(text, HasSubstr(stage("queue", "0.03")));
  EXPECT_THAT(text, HasSubstr(stage("compute", "0.4")));
  EXPECT_THAT(text, HasSubstr(stage("total", "5")));
}

TEST(MetricsTest, CountsCallsThatAreCancelled) {
  Metrics metrics;
  EXPECT_THAT(Text(metrics), HasSubstr("strata_calls_cancelled_total 0\n"));
  metrics.OnCallCancelled();
  EXPECT_THAT(Text(metrics), HasSubstr("strata_calls_cancelled_total 1\n"));
}

TEST(MetricsTest, ObservesForwards) {
  Metrics metrics;
  metrics.SetModels({Entry("minilm", ModelState::kReady)});
  metrics.OnBatch("minilm", {.rows = 4, .pieces = 30, .padded_pieces = 40},
                  absl::Milliseconds(250));
  const std::string text = Text(metrics);
  for (const char* line :
       {R"(strata_pieces_total{model="minilm"} 30)",
        R"(strata_batch_rows_sum{model="minilm"} 4)",
        R"(strata_batch_pieces_sum{model="minilm"} 30)",
        R"(strata_batch_padding_ratio_sum{model="minilm"} 0.25)",
        R"(strata_forward_duration_seconds_sum{model="minilm"} 0.25)"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(MetricsTest, CountsCompilationsFromNone) {
  Metrics metrics;
  metrics.SetModels({Entry("minilm", ModelState::kReady)});
  const char* const line =
      R"(strata_graph_compilations_total{model="minilm"} )";
  EXPECT_THAT(Text(metrics), HasSubstr(absl::StrCat(line, "0\n")));
  metrics.OnCompilations("minilm", 2);
  EXPECT_THAT(Text(metrics), HasSubstr(absl::StrCat(line, "2\n")));
}

TEST(MetricsTest, CountsInputsThatFailFromNone) {
  Metrics metrics;
  metrics.SetModels({Entry("minilm", ModelState::kReady)});
  const char* const line = R"(strata_failed_inputs_total{model="minilm"} )";
  EXPECT_THAT(Text(metrics), HasSubstr(absl::StrCat(line, "0\n")));
  metrics.OnInputFailed("minilm");
  EXPECT_THAT(Text(metrics), HasSubstr(absl::StrCat(line, "1\n")));
}

TEST(MetricsTest, ShowsWhatDoesNotCompute) {
  Metrics metrics;
  EXPECT_THAT(Text(metrics), HasSubstr("strata_stuck_forwards 0\n"));
  EXPECT_THAT(Text(metrics), HasSubstr("strata_failing_models 0\n"));
  metrics.SetFitness({.stuck_forwards = 2,
                      .failing = {{.name = "minilm", .version = 1},
                                  {.name = "minilm", .version = 2},
                                  {.name = "other", .version = 1}}});
  EXPECT_THAT(Text(metrics), HasSubstr("strata_stuck_forwards 2\n"));
  EXPECT_THAT(Text(metrics), HasSubstr("strata_failing_models 3\n"));
}

TEST(MetricsTest, ABatchWithoutPlacesHasNoPadding) {
  Metrics metrics;
  metrics.OnBatch("", {}, absl::ZeroDuration());
  EXPECT_THAT(
      Text(metrics),
      HasSubstr(R"(strata_batch_padding_ratio_count{model="<other>"} 0)"));
}

TEST(MetricsTest, GaugesShowTheLastValue) {
  Metrics metrics;
  metrics.OnQueueDepth(7);
  metrics.OnQueueDepth(5);
  metrics.OnInFlight(3);
  EXPECT_THAT(Text(metrics), HasSubstr("strata_queue_depth_inputs 5\n"));
  EXPECT_THAT(Text(metrics), HasSubstr("strata_in_flight_requests 3\n"));
}

TEST(MetricsTest, ShowsTheMemoryOfAnswers) {
  Metrics metrics;
  EXPECT_THAT(Text(metrics), HasSubstr("strata_spilled_inputs_total 0\n"));
  metrics.OnReplyMemory(300, 200);
  metrics.OnReplyMemory(30, 20);
  metrics.OnSpill();
  metrics.OnSpill();
  EXPECT_THAT(Text(metrics), HasSubstr("strata_unsent_reply_bytes 30\n"));
  EXPECT_THAT(Text(metrics), HasSubstr("strata_leased_batch_bytes 20\n"));
  EXPECT_THAT(Text(metrics), HasSubstr("strata_spilled_inputs_total 2\n"));
}

TEST(MetricsTest, ShowsTheStateOfEachVersion) {
  Metrics metrics;
  const auto state = [&metrics](absl::string_view name) {
    const std::string text = Text(metrics);
    const std::string prefix =
        absl::StrCat(R"(strata_model_state{model="minilm",state=")", name,
                     R"(",version="1"} )");
    const auto at = text.find(prefix);
    return at == std::string::npos ? '-' : text[at + prefix.size()];
  };
  metrics.SetModels({Entry("minilm", ModelState::kLoading)});
  EXPECT_EQ(state("loading"), '1');
  EXPECT_EQ(state("ready"), '0');
  metrics.SetModels({Entry("minilm", ModelState::kRefused)});
  EXPECT_EQ(state("loading"), '0');
  EXPECT_EQ(state("refused"), '1');
  EXPECT_EQ(state("draining"), '0');
}

TEST(MetricsTest, AVersionThatIsGoneHasNoState) {
  Metrics metrics;
  metrics.SetModels({Entry("a", ModelState::kReady)});
  metrics.SetModels({Entry("b", ModelState::kReady)});
  const std::string text = Text(metrics);
  EXPECT_THAT(text, HasSubstr(R"(strata_model_state{model="b")"));
  EXPECT_THAT(text, Not(HasSubstr(R"(strata_model_state{model="a")")));
  // What was counted of it stays.
  EXPECT_THAT(text, HasSubstr(R"(strata_pieces_total{model="a"} 0)"));
}

// A caller that makes up names must not fill the memory of whoever scrapes.
TEST(MetricsTest, NamesFromRequestsMakeNoLabels) {
  Metrics metrics;
  metrics.SetModels({Entry("minilm", ModelState::kReady)});
  for (int i = 0; i < 100; ++i) {
    metrics.OnRequestDone(absl::StrCat("made-up-", i),
                          Error(Reason::kModelNotFound, "x"), 1, {});
  }
  const std::string text = Text(metrics);
  EXPECT_THAT(text, Not(HasSubstr("made-up")));
  EXPECT_THAT(
      text,
      HasSubstr(
          R"(strata_requests_total{code="NOT_FOUND",model="<other>"} 100)"));
}

TEST(MetricsTest, SaysWhichBuildItIs) {
  EXPECT_THAT(
      Text(Metrics()),
      testing::ContainsRegex("strata_build_info\\{version=\"[0-9.]+\"\\} 1"));
}

std::string TypeName(prometheus::MetricType type) {
  switch (type) {
    case prometheus::MetricType::Counter:
      return "counter";
    case prometheus::MetricType::Gauge:
      return "gauge";
    case prometheus::MetricType::Histogram:
      return "histogram";
    default:
      return "unknown";
  }
}

// Rows of the README's table, as "name type label label".
std::set<std::string> DocumentedMetrics() {
  std::set<std::string> rows;
  std::ifstream readme(STRATA_SERVER_README);
  for (std::string line; std::getline(readme, line);) {
    const std::vector<std::string> cells =
        absl::StrSplit(line, absl::ByAnyChar("|` ,"), absl::SkipEmpty());
    if (cells.empty() || !(cells[0].starts_with("strata_") ||
                           cells[0].starts_with("process_"))) {
      continue;
    }
    const std::vector<std::string> columns = absl::StrSplit(line, '|');
    std::set<std::string> labels = absl::StrSplit(
        columns.at(3), absl::ByAnyChar("`, "), absl::SkipEmpty());
    rows.insert(absl::StrCat(cells[0], " ", cells[1], " ",
                             testing::PrintToString(labels)));
  }
  return rows;
}

TEST(MetricsTest, TheTableInTheReadmeIsWhatThereIs) {
  Metrics metrics;
  metrics.SetModels({Entry("minilm", ModelState::kReady)});
  metrics.OnRequestDone("minilm", Error(Reason::kInputTooLong, "x"), 1, {});
  std::set<std::string> registered;
  std::vector<prometheus::MetricFamily> families =
      metrics.registry()->Collect();
  std::ranges::move(ProcessMetrics().Collect(), std::back_inserter(families));
  for (const prometheus::MetricFamily& family : families) {
    std::set<std::string> labels;
    for (const auto& label : family.metric.at(0).label) {
      labels.insert(label.name);
    }
    registered.insert(absl::StrCat(family.name, " ", TypeName(family.type), " ",
                                   testing::PrintToString(labels)));
  }
  EXPECT_EQ(DocumentedMetrics(), registered);
}

}  // namespace
}  // namespace strata
