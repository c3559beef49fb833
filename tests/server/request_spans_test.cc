// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/request_spans.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "opentelemetry/proto/trace/v1/trace.pb.h"

namespace strata {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;

absl::Time At(int milliseconds) { return absl::FromUnixMillis(milliseconds); }

// Received at 100 ms, with the engine from 110 to 200, ended at 230.
RequestRecord Record(absl::Duration queue = absl::Milliseconds(30)) {
  return {.trace_id = std::string(16, 't'),
          .parent_id = std::string(8, 'p'),
          .request_id = "id",
          .service = "strata.v1.HiddenStateService",
          .method = "Encode",
          .received = At(100),
          .ended = At(230),
          .computed =
              ComputedRequest{.model = "minilm",
                              .version = 3,
                              .timings = {.tokenize = absl::Milliseconds(20),
                                          .queue = queue,
                                          .compute = absl::Milliseconds(40),
                                          .total = absl::Milliseconds(90)},
                              .at = At(200)}};
}

// A span as "name from-to", in milliseconds.
std::vector<std::string> Timeline(const std::vector<Span>& spans) {
  std::vector<std::string> lines;
  for (const Span& span : spans) {
    lines.push_back(absl::StrCat(span.name(), " ",
                                 span.start_time_unix_nano() / 1'000'000, "-",
                                 span.end_time_unix_nano() / 1'000'000));
  }
  return lines;
}

std::map<std::string, std::string> Attributes(const Span& span) {
  std::map<std::string, std::string> attributes;
  for (const auto& attribute : span.attributes()) {
    attributes[attribute.key()] =
        attribute.value().has_int_value()
            ? absl::StrCat(attribute.value().int_value())
            : attribute.value().string_value();
  }
  return attributes;
}

TEST(RequestSpansTest, StagesLieWithinTheRequest) {
  EXPECT_THAT(
      Timeline(SpansOf(Record())),
      ElementsAre("strata.v1.HiddenStateService/Encode 100-230",
                  "receive 100-110", "tokenize 110-130", "queue 130-160",
                  "forward 160-200", "respond 200-230"));
}

// A stream's request may wait for room before it is queued.
TEST(RequestSpansTest, AWaitForRoomIsAGapBeforeTheQueue) {
  RequestRecord record = Record();
  record.computed->timings.queue = absl::Milliseconds(10);
  EXPECT_THAT(
      Timeline(SpansOf(record)),
      ElementsAre(testing::_, "receive 100-110", "tokenize 110-130",
                  "queue 150-160", "forward 160-200", "respond 200-230"));
}

// The longest stages of several inputs may come to more than the request.
TEST(RequestSpansTest, NoStageBeginsBeforeTheRequest) {
  EXPECT_THAT(Timeline(SpansOf(Record(absl::Milliseconds(80)))),
              ElementsAre(testing::_, testing::_, testing::_, "queue 100-160",
                          testing::_, testing::_));
}

TEST(RequestSpansTest, StagesAreChildrenOfTheRequestInTheCallersTrace) {
  const std::vector<Span> spans = SpansOf(Record());
  EXPECT_EQ(spans[0].parent_span_id(), std::string(8, 'p'));
  EXPECT_EQ(spans[0].kind(), Span::SPAN_KIND_SERVER);
  EXPECT_EQ(spans[0].span_id().size(), 8U);
  for (std::size_t i = 0; i < spans.size(); ++i) {
    EXPECT_EQ(spans[i].trace_id(), std::string(16, 't'));
    if (i == 0) continue;
    EXPECT_EQ(spans[i].parent_span_id(), spans[0].span_id());
    EXPECT_NE(spans[i].span_id(), spans[0].span_id());
    EXPECT_EQ(spans[i].kind(), Span::SPAN_KIND_INTERNAL);
  }
}

TEST(RequestSpansTest, AttributesAreThoseOfTheConventions) {
  EXPECT_THAT(
      Attributes(SpansOf(Record())[0]),
      UnorderedElementsAre(
          Pair("rpc.system", "grpc"),
          Pair("rpc.service", "strata.v1.HiddenStateService"),
          Pair("rpc.method", "Encode"), Pair("rpc.grpc.status_code", "0"),
          Pair("strata.request_id", "id"), Pair("strata.model", "minilm"),
          Pair("strata.model_version", "3")));
}

TEST(RequestSpansTest, ARequestThatFailedHasItsReasonAndNoStages) {
  using opentelemetry::proto::trace::v1::Status;
  RequestRecord record = Record();
  record.computed.reset();
  record.status = Error(Reason::kServerStopping, "never shown");
  const std::vector<Span> spans = SpansOf(record);
  ASSERT_EQ(spans.size(), 1U);
  EXPECT_EQ(Attributes(spans[0])["rpc.grpc.status_code"], "14");
  EXPECT_EQ(Attributes(spans[0])["error.type"], "SERVER_STOPPING");
  EXPECT_EQ(spans[0].status().code(), Status::STATUS_CODE_ERROR);
  EXPECT_THAT(spans[0].DebugString(),
              testing::Not(testing::HasSubstr("shown")));
}

TEST(RequestSpansTest, ACallersMistakeIsNoErrorOfTheServers) {
  using opentelemetry::proto::trace::v1::Status;
  RequestRecord record = Record();
  record.computed.reset();
  record.status = Error(Reason::kInvalidField, "x");
  EXPECT_EQ(SpansOf(record)[0].status().code(), Status::STATUS_CODE_UNSET);
}

}  // namespace
}  // namespace strata
