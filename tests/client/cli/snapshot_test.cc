// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "client/cli/metrics_text.h"

namespace strata::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Snapshot Of(const std::string& text) {
  const auto samples = ParseMetrics(text);
  EXPECT_TRUE(samples.ok()) << samples.status();
  return SnapshotOf(*samples);
}

TEST(Snapshot, TakesWhatItKnows) {
  const Snapshot snapshot = Of(R"(
strata_build_info{version="0.1.0"} 1
strata_in_flight_requests 3
strata_queue_depth_inputs 12
strata_model_state{model="m",version="1",state="ready"} 1
strata_model_state{model="m",version="1",state="loading"} 0
strata_model_state{model="m",version="2",state="ready"} 0
strata_model_state{model="m",version="2",state="refused"} 1
strata_requests_total{model="m",code="OK"} 10
strata_requests_total{model="m",code="INTERNAL"} 2
strata_pieces_total{model="m"} 99
strata_stage_duration_seconds_bucket{model="m",stage="total",le="0.1"} 4
strata_stage_duration_seconds_bucket{model="m",stage="total",le="+Inf"} 10
strata_stage_duration_seconds_sum{model="m",stage="total"} 7
unknown{model="m"} 5
)");
  EXPECT_EQ(snapshot.server_version, "0.1.0");
  EXPECT_EQ(snapshot.in_flight, 3);
  EXPECT_EQ(snapshot.waiting, 12);
  EXPECT_THAT(snapshot.states.at("m"),
              ElementsAre(Pair(1, "ready"), Pair(2, "refused")));
  const ModelCounts& counts = snapshot.models.at("m");
  EXPECT_EQ(counts.requests, 12);
  EXPECT_EQ(counts.failed, 2);
  EXPECT_EQ(counts.pieces, 99);
  EXPECT_THAT(counts.stages.at("total"),
              ElementsAre(Pair(0.1, 4), Pair(kInfinity, 10)));
}

TEST(Snapshot, OfNothingIsEmpty) {
  EXPECT_THAT(Of("").models, IsEmpty());
  EXPECT_THAT(Of("").states, IsEmpty());
}

TEST(Quantile, LiesWithinItsBucket) {
  const Buckets buckets = {{1, 10}, {2, 30}, {4, 40}, {kInfinity, 40}};
  EXPECT_EQ(QuantileOf(buckets, 0.25), Quantile{.value = 1});
  EXPECT_EQ(QuantileOf(buckets, 0.5), Quantile{.value = 1.5});
  EXPECT_EQ(QuantileOf(buckets, 0.875), Quantile{.value = 3});
  EXPECT_EQ(QuantileOf(buckets, 1), Quantile{.value = 4});
}

TEST(Quantile, PassesOverEmptyBuckets) {
  EXPECT_EQ(QuantileOf({{1, 0}, {2, 0}, {4, 10}, {kInfinity, 10}}, 0.5),
            Quantile{.value = 3});
}

TEST(Quantile, AboveTheLastBoundIsBeyond) {
  EXPECT_EQ(QuantileOf({{1, 1}, {kInfinity, 10}}, 0.9),
            (Quantile{.value = 1, .beyond = true}));
}

TEST(Quantile, OfNothingIsNone) {
  EXPECT_EQ(QuantileOf({}, 0.5), std::nullopt);
  EXPECT_EQ(QuantileOf({{1, 0}, {kInfinity, 0}}, 0.5), std::nullopt);
}

TEST(Between, IsWhatWasCountedSince) {
  const ModelCounts before = {.requests = 10,
                              .failed = 1,
                              .pieces = 100,
                              .stages = {{"total", {{1, 8}, {kInfinity, 9}}}}};
  const ModelCounts after = {
      .requests = 15,
      .failed = 3,
      .pieces = 150,
      .stages = {{"total", {{1, 10}, {kInfinity, 12}}}, {"queue", {{1, 5}}}}};
  const ModelCounts counts = Between(before, after);
  EXPECT_EQ(counts.requests, 5);
  EXPECT_EQ(counts.failed, 2);
  EXPECT_EQ(counts.pieces, 50);
  EXPECT_THAT(counts.stages.at("total"),
              ElementsAre(Pair(1, 2), Pair(kInfinity, 3)));
  EXPECT_THAT(counts.stages.at("queue"), ElementsAre(Pair(1, 5)));
}

TEST(Between, AServerThatWasStartedAnewBeginsAnew) {
  EXPECT_EQ(Between({.requests = 10}, {.requests = 2}).requests, 2);
}

}  // namespace
}  // namespace strata::cli
