// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// What calls leave behind beside their answers, over a real connection: spans,
// lines in the log, trailers.

#include "server/telemetry.h"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/client_context.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/status.h"
#include "grpcpp/test/server_context_test_spouse.h"
#include "gtest/gtest.h"
#include "server/authenticator.h"
#include "server/call_environment.h"
#include "server/call_identity.h"
#include "server/load_meter.h"
#include "server/request_spans.h"
#include "server/request_trace.h"
#include "server/span_exporter.h"
#include "server/trace_context.h"
#include "strata/v1/hidden_state_service.pb.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/recording_observer.h"
#include "tests/server/fake_collector.h"
#include "tests/server/server_fixture.h"
#include "triton/grpc_service.pb.h"

namespace strata {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

constexpr const char* kTraceId = "0af7651916cd43dd8448eb211c80319c";
constexpr const char* kSampled =
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
constexpr const char* kNotSampled =
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

class TelemetryTest : public ServerFixture {
 protected:
  ~TelemetryTest() override {
    // Before what it reports to.
    strings_->ReleaseAll();
    server_.reset();
    engine_.reset();
  }

  void StartWith(double sample_ratio) {
    exporter_ = std::make_unique<SpanExporter>(
        SpanExporterOptions{.endpoint = collector_.address(),
                            .delay = absl::ZeroDuration()},
        metrics_);
    RestartServer({.telemetry = {.spans = exporter_.get(),
                                 .sample_ratio = sample_ratio}});
  }

  // A call that succeeds, with this metadata.
  void Call(const std::string& key = "x", const std::string& value = "y") {
    grpc::ClientContext context;
    context.AddMetadata(key, value);
    v1::EncodeResponse response;
    v1::EncodeRequest request;
    request.add_inputs()->set_text("A");
    const grpc::Status status =
        hidden_states_->Encode(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
  }

  // All that was exported when the server has gone.
  std::vector<Span> SpansAtTheEnd() {
    server_.reset();
    engine_.reset();
    exporter_->Stop(absl::Hours(1));
    return collector_.AwaitSpans(0);
  }

  FakeCollector collector_;
  std::unique_ptr<SpanExporter> exporter_;
};

std::vector<std::string> Names(const std::vector<Span>& spans) {
  std::vector<std::string> names;
  names.reserve(spans.size());
  for (const Span& span : spans) names.push_back(span.name());
  return names;
}

std::string Trailer(const grpc::ClientContext& context, const char* key) {
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto found = trailers.find(key);
  if (found == trailers.end()) return "";
  return {found->second.data(), found->second.size()};
}

TEST_F(TelemetryTest, ARequestIsASpanOfItsCallersTrace) {
  StartWith(0);
  Call("traceparent", kSampled);
  const std::vector<Span> spans = SpansAtTheEnd();
  ASSERT_THAT(Names(spans),
              ElementsAre("strata.v1.HiddenStateService/Encode", "receive",
                          "tokenize", "queue", "forward", "respond"));
  EXPECT_EQ(absl::BytesToHexString(spans[0].trace_id()), kTraceId);
  EXPECT_EQ(absl::BytesToHexString(spans[0].parent_span_id()),
            "b7ad6b7169203331");
}

TEST_F(TelemetryTest, TheCallerDecidesWhetherItsTraceIsRecorded) {
  StartWith(1);
  Call("traceparent", kNotSampled);
  EXPECT_THAT(Names(SpansAtTheEnd()), IsEmpty());
}

TEST_F(TelemetryTest, WithoutACallersTraceTheRatioDecides) {
  StartWith(1);
  Call();
  const std::vector<Span> spans = SpansAtTheEnd();
  ASSERT_EQ(spans.size(), 6U);
  EXPECT_EQ(spans[0].trace_id().size(), 16U);
  EXPECT_EQ(spans[0].parent_span_id(), "");
  StartWith(0);
  Call();
  EXPECT_EQ(SpansAtTheEnd().size(), 6U) << "no more than before";
}

TEST_F(TelemetryTest, AnInvalidPlaceInATraceBeginsANewOne) {
  StartWith(1);
  Call("traceparent",
       "00-00000000000000000000000000000000-b7ad6b7169203331-01");
  const std::vector<Span> spans = SpansAtTheEnd();
  ASSERT_EQ(spans.size(), 6U);
  EXPECT_EQ(spans[0].parent_span_id(), "");
  EXPECT_NE(spans[0].trace_id(), std::string(16, '\0'));
}

TEST_F(TelemetryTest, CallsWithoutForwardsAndRefusedOnesAreSpansToo) {
  StartWith(1);
  Tokenize("inputs { text: 'A' }");
  GetModel("model: 'puppet'");
  Encode("model: 'unknown' inputs { text: 'A' }");
  EXPECT_EQ(status().error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(
      Names(SpansAtTheEnd()),
      testing::UnorderedElementsAre("strata.v1.TokenizerService/Tokenize",
                                    "strata.v1.ModelService/GetModel",
                                    "strata.v1.HiddenStateService/Encode"));
}

TEST_F(TelemetryTest, EachRequestOfAStreamIsASpan) {
  StartWith(1);
  grpc::ClientContext context;
  context.AddMetadata("traceparent", kSampled);
  context.AddMetadata("x-request-id", "mine");
  const auto stream = hidden_states_->EncodeStream(&context);
  v1::EncodeStreamRequest message;
  message.mutable_request()->add_inputs()->set_text("A");
  for (const char* id : {"a", "b"}) {
    message.set_request_id(id);
    ASSERT_TRUE(stream->Write(message));
  }
  stream->WritesDone();
  v1::EncodeStreamResponse event;
  while (stream->Read(&event)) {
  }
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(Trailer(context, "x-request-id"), "mine");
  const std::vector<Span> spans = SpansAtTheEnd();
  ASSERT_EQ(spans.size(), 12U);
  for (const std::size_t first : {0U, 6U}) {
    EXPECT_EQ(spans[first].name(), "strata.v1.HiddenStateService/EncodeStream");
    EXPECT_EQ(absl::BytesToHexString(spans[first].trace_id()), kTraceId);
    EXPECT_EQ(spans[first + 4].name(), "forward");
  }
  EXPECT_NE(spans[0].span_id(), spans[6].span_id());
}

TEST_F(TelemetryTest, AnAnswerInPartsIsASpan) {
  StartWith(1);
  grpc::ClientContext context;
  v1::EncodeChunksRequest message;
  message.mutable_request()->add_inputs()->set_text("A");
  const auto reader = hidden_states_->EncodeChunks(&context, message);
  v1::EncodeChunksResponse event;
  while (reader->Read(&event)) {
  }
  EXPECT_TRUE(reader->Finish().ok());
  const std::vector<Span> spans = SpansAtTheEnd();
  ASSERT_EQ(spans.size(), 6U);
  EXPECT_EQ(spans[0].name(), "strata.v1.HiddenStateService/EncodeChunks");
}

TEST_F(TelemetryTest, TheRequestIdComesBackInTheTrailers) {
  for (const char* model : {"puppet", "unknown"}) {
    grpc::ClientContext context;
    context.AddMetadata("x-request-id", "id of mine");
    v1::EncodeRequest request;
    request.set_model(model);
    request.add_inputs()->set_text("A");
    v1::EncodeResponse response;
    const grpc::Status status =
        hidden_states_->Encode(&context, request, &response);
    EXPECT_EQ(status.ok(), std::string(model) == "puppet");
    EXPECT_EQ(Trailer(context, "x-request-id"), "id_of_mine");
    // A proxy retries an error only where it comes without initial metadata.
    EXPECT_THAT(context.GetServerInitialMetadata(), IsEmpty());
  }
}

// Of calls that need no token.
const Authenticator& Anybody() {
  static const FakeClock clock;
  static const auto authenticator = Authenticator::Create({}, clock).value();
  return *authenticator;
}

// What AddTrailers gives a call. On a connection gRPC's own client keeps the
// report to itself; the end-to-end tests look at the bytes.
std::multimap<std::string, std::string> Trailers(
    const CallEnvironment& environment,
    const absl::Status& status = absl::OkStatus()) {
  grpc::ServerContext context;
  AddTrailers(environment, "mine", status, context);
  const auto metadata =
      grpc::testing::ServerContextTestSpouse(&context).GetTrailingMetadata();
  std::multimap<std::string, std::string> trailers;
  for (const auto& [key, value] : metadata) {
    trailers.emplace(std::string(key.data(), key.size()),
                     std::string(value.data(), value.size()));
  }
  return trailers;
}

TEST(TrailersTest, CarryTheLoadReportWhereThereIsOne) {
  FakeClock clock;
  RecordingObserver observer;
  LoadMeter meter(observer, {}, clock);
  const CallEnvironment environment = {.clock = clock,
                                       .authenticator = Anybody(),
                                       .telemetry = {.load = &meter}};
  EXPECT_THAT(Trailers(environment), ElementsAre(Pair("x-request-id", "mine")))
      << "nothing is known yet";
  clock.Advance(absl::Seconds(1));
  EXPECT_THAT(Trailers(environment),
              ElementsAre(Pair("endpoint-load-metrics-bin", meter.Report()),
                          Pair("x-request-id", "mine")));
  EXPECT_NE(meter.Report(), "");
}

TEST(TrailersTest, WithoutAMeterThereIsNoReport) {
  const FakeClock clock;
  EXPECT_THAT(Trailers({.clock = clock, .authenticator = Anybody()}),
              ElementsAre(Pair("x-request-id", "mine")));
}

TEST(TrailersTest, SayWhenToComeBackAsGrpcsOwnRetriesReadIt) {
  const FakeClock clock;
  const CallEnvironment environment = {.clock = clock,
                                       .authenticator = Anybody()};
  EXPECT_THAT(
      Trailers(environment, FullError("full", absl::Microseconds(1'200'001))),
      ElementsAre(Pair("grpc-retry-pushback-ms", "1201"),
                  Pair("x-request-id", "mine")));
  EXPECT_THAT(Trailers(environment, Error(Reason::kServerFull, "too large")),
              ElementsAre(Pair("x-request-id", "mine")))
      << "a refusal that will be the same at any time";
}

// What RequestTrace writes for a request that ends so.
std::string LogOf(const absl::Status& status, CallIdentity identity,
                  const google::protobuf::Descriptor& request =
                      *v1::EncodeRequest::descriptor(),
                  bool streamed = false) {
  const FakeClock clock;
  testing::internal::CaptureStderr();
  RequestTrace trace({.clock = clock, .authenticator = Anybody()},
                     std::move(identity));
  trace.SetMethod(request, streamed);
  trace.Answered(status);
  return testing::internal::GetCapturedStderr();
}

TEST(RequestLogTest, ADefectOfOursIsALineThatSaysWhoseRequestItWas) {
  EXPECT_THAT(
      LogOf(Error(Reason::kInternalDefect, "broken"),
            {.request_id = "mine", .parent = ParseTraceparent(kNotSampled)}),
      HasSubstr(absl::StrCat("event=call_failed method=Encode request_id=mine "
                             "trace_id=",
                             kTraceId, " message=broken\n")));
}

TEST(RequestLogTest, OfTwoMethodsWithOneMessageTheStreamIsToldApart) {
  const absl::Status broken = absl::InternalError("broken");
  const auto& request = *inference::ModelInferRequest::descriptor();
  EXPECT_THAT(LogOf(broken, {}, request, /*streamed=*/false),
              HasSubstr("method=ModelInfer "));
  EXPECT_THAT(LogOf(broken, {}, request, /*streamed=*/true),
              HasSubstr("method=ModelStreamInfer "));
}

TEST(RequestLogTest, WithoutATraceTheLineHasNone) {
  const std::string line =
      LogOf(absl::InternalError("broken"), {.request_id = "mine"});
  EXPECT_THAT(line, HasSubstr("request_id=mine message=broken"));
  EXPECT_THAT(line, Not(HasSubstr("trace_id")));
}

TEST(RequestLogTest, WhatIsNoDefectIsNoLine) {
  EXPECT_EQ(LogOf(absl::OkStatus(), {.request_id = "mine"}), "");
  EXPECT_EQ(LogOf(Error(Reason::kServerFull, "x"), {.request_id = "mine"}), "");
}

}  // namespace
}  // namespace strata
