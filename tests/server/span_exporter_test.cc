// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/span_exporter.h"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "grpcpp/support/status.h"
#include "gtest/gtest.h"
#include "prometheus/text_serializer.h"
#include "server/metrics.h"
#include "server/request_spans.h"
#include "server/version.h"
#include "tests/server/fake_collector.h"

namespace strata {
namespace {

using testing::HasSubstr;

std::vector<Span> Spans(const std::vector<std::string>& names) {
  std::vector<Span> spans;
  for (const std::string& name : names) spans.emplace_back().set_name(name);
  return spans;
}

class SpanExporterTest : public testing::Test {
 protected:
  // Sends at once what it gets, unless `options` say otherwise.
  void Start(SpanExporterOptions options = {.delay = absl::ZeroDuration()}) {
    options.endpoint = collector_.address();
    exporter_ = std::make_unique<SpanExporter>(options, metrics_);
  }

  void ExpectCounted(const std::string& outcome, int spans) {
    EXPECT_THAT(
        prometheus::TextSerializer().Serialize(metrics_.registry()->Collect()),
        HasSubstr(absl::StrCat("strata_trace_spans_total{outcome=\"", outcome,
                               "\"} ", spans, "\n")));
  }

  Metrics metrics_;
  FakeCollector collector_;
  std::unique_ptr<SpanExporter> exporter_;
};

TEST_F(SpanExporterTest, SendsSpansWithTheResourceThatTheyAreOf) {
  Start();
  exporter_->Add(Spans({"a", "b"}));
  const std::vector<Span> spans = collector_.AwaitSpans(2);
  EXPECT_EQ(spans[0].name(), "a");
  EXPECT_EQ(spans[1].name(), "b");
  const auto message = collector_.messages().at(0);
  ASSERT_EQ(message.resource_spans_size(), 1);
  const auto& resource = message.resource_spans(0).resource();
  ASSERT_EQ(resource.attributes_size(), 2);
  EXPECT_EQ(resource.attributes(0).key(), "service.name");
  EXPECT_EQ(resource.attributes(0).value().string_value(), "strata");
  EXPECT_EQ(resource.attributes(1).key(), "service.version");
  EXPECT_EQ(resource.attributes(1).value().string_value(), Version());
  exporter_->Stop(absl::Hours(1));
  ExpectCounted("exported", 2);
  ExpectCounted("dropped", 0);
}

// What comes while a message waits for company goes with it.
TEST_F(SpanExporterTest, ABatchWaitsForMore) {
  Start({.max_batch = 3, .delay = absl::Hours(1)});
  exporter_->Add(Spans({"a"}));
  exporter_->Add(Spans({"b"}));
  exporter_->Add(Spans({"c", "d"}));
  collector_.AwaitMessages(1);
  exporter_->Stop(absl::Hours(1));
  const auto messages = collector_.messages();
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[0].resource_spans(0).scope_spans(0).spans_size(), 3);
  EXPECT_EQ(messages[1].resource_spans(0).scope_spans(0).spans_size(), 1);
}

TEST_F(SpanExporterTest, StopSendsWhatWaits) {
  Start({.delay = absl::Hours(1)});
  exporter_->Add(Spans({"a"}));
  exporter_->Stop(absl::Hours(1));
  EXPECT_EQ(collector_.messages().size(), 1U);
  ExpectCounted("exported", 1);
  exporter_->Add(Spans({"late"}));
  ExpectCounted("dropped", 1);
}

// A collector that hangs holds neither a request nor, past its time, the end.
TEST_F(SpanExporterTest, WhatHasNoRoomIsDropped) {
  collector_.Hold();
  Start({.max_waiting = 3, .delay = absl::ZeroDuration()});
  exporter_->Add(Spans({"sent"}));
  collector_.AwaitMessages(1);
  exporter_->Add(Spans({"a", "b"}));
  exporter_->Add(Spans({"c", "d"}));
  ExpectCounted("dropped", 2);
  exporter_->Add(Spans({"e"}));
  ExpectCounted("dropped", 2);
  exporter_->Stop(absl::ZeroDuration());
  ExpectCounted("dropped", 5);
  ExpectCounted("failed", 1);
  ExpectCounted("exported", 0);
}

TEST_F(SpanExporterTest, SaysOnceThatTheCollectorFailsAndOnceThatItDoesNot) {
  testing::internal::CaptureStderr();
  collector_.Answer(grpc::Status(grpc::StatusCode::INTERNAL, "disk full"));
  Start({.max_batch = 1, .delay = absl::ZeroDuration()});
  exporter_->Add(Spans({"a", "b"}));
  collector_.AwaitMessages(2);
  exporter_->Stop(absl::Hours(1));
  ExpectCounted("failed", 2);
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_THAT(text, HasSubstr("event=spans_not_exported"));
  EXPECT_THAT(text, HasSubstr("message=\"disk full\""));
  EXPECT_EQ(text.find("spans_not_exported"), text.rfind("spans_not_exported"));
}

TEST_F(SpanExporterTest, CountsWhatTheCollectorRefused) {
  collector_.Answer(grpc::Status::OK, 1);
  Start();
  exporter_->Add(Spans({"a", "b", "c"}));
  collector_.AwaitMessages(1);
  exporter_->Stop(absl::Hours(1));
  ExpectCounted("failed", 1);
  ExpectCounted("exported", 2);
}

}  // namespace
}  // namespace strata
