// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "strata/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/rpc/error_details.pb.h"
#include "tests/client/fake_server.h"

namespace strata {
namespace {

TEST(StatusFromGrpc, OkIsOk) {
  EXPECT_TRUE(StatusFromGrpc(grpc::Status::OK).ok());
}

TEST(StatusFromGrpc, WithoutDetailsKeepsCodeAndText) {
  const absl::Status status =
      StatusFromGrpc({grpc::StatusCode::UNAVAILABLE, "failed to connect"});
  EXPECT_EQ(status, absl::UnavailableError("failed to connect"));
  EXPECT_EQ(ErrorReasonOf(status), std::nullopt);
  EXPECT_EQ(RetryDelayOf(status), std::nullopt);
}

TEST(StatusFromGrpc, AStreamThatAProxyResetIsUnavailable) {
  const grpc::Status reset(grpc::StatusCode::INTERNAL,
                           "Received RST_STREAM with error code 2");
  EXPECT_EQ(StatusFromGrpc(reset).code(), absl::StatusCode::kUnavailable);
  google::rpc::ErrorInfo info;
  info.set_reason("INTERNAL_DEFECT");
  const grpc::Status own =
      RichStatus(grpc::StatusCode::INTERNAL, "about RST_STREAM", {&info});
  EXPECT_EQ(StatusFromGrpc(own).code(), absl::StatusCode::kInternal);
}

TEST(StatusFromGrpc, DetailsFollowTheText) {
  google::rpc::BadRequest bad_request;
  auto* violation = bad_request.add_field_violations();
  violation->set_field("outputs[0].layers[1]");
  violation->set_description("9 is past the last layer, 6");
  google::rpc::ErrorInfo info;
  info.set_reason("INVALID_FIELD");
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_nanos(250'000'000);
  const absl::Status status =
      StatusFromGrpc(RichStatus(grpc::StatusCode::INVALID_ARGUMENT, "bad input",
                                {&bad_request, &info, &retry}));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "bad input; outputs[0].layers[1]: 9 is past the last layer, 6 "
            "[INVALID_FIELD]; retry after 250ms");
  EXPECT_EQ(ErrorReasonOf(status), "INVALID_FIELD");
  EXPECT_EQ(RetryDelayOf(status), absl::Milliseconds(250));
}

TEST(StatusFromGrpc, SaysNothingTwice) {
  google::rpc::BadRequest bad_request;
  auto* violation = bad_request.add_field_violations();
  violation->set_field("max_pieces");
  violation->set_description("got -1");
  const absl::Status status =
      StatusFromGrpc(RichStatus(grpc::StatusCode::INVALID_ARGUMENT,
                                "max_pieces: got -1, expected 0 or "
                                "more",
                                {&bad_request}));
  EXPECT_EQ(status.message(), "max_pieces: got -1, expected 0 or more");
}

TEST(StatusFromGrpc, DetailsThatDoNotParseAreLeftOut) {
  const absl::Status status = StatusFromGrpc(
      {grpc::StatusCode::INTERNAL, "broken", "\xFF\xFF not a message"});
  EXPECT_EQ(status, absl::InternalError("broken"));
}

}  // namespace
}  // namespace strata
