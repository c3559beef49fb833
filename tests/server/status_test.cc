// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/status.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"
#include "gtest/gtest.h"
#include "strata/v1/error_reason.pb.h"
#include "tests/server/wire_error.h"

namespace strata {
namespace {

TEST(StatusTest, OkHasNoDetails) {
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
  EXPECT_EQ(ToGrpcStatus(absl::OkStatus()).error_details(), "");
  EXPECT_EQ(ToRpcStatus(absl::OkStatus()).SerializeAsString(), "");
}

TEST(StatusTest, AnErrorCarriesItsReason) {
  const grpc::Status status =
      ToGrpcStatus(Error(Reason::kModelNotFound, "no model \"x\""));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "no model \"x\"");
  const WireError error = ReadError(status);
  EXPECT_EQ(error.domain, "strata");
  EXPECT_EQ(error.reason, "MODEL_NOT_FOUND");
  EXPECT_EQ(error.field, "");
  EXPECT_EQ(error.retry_after, std::nullopt);
}

TEST(StatusTest, AFieldErrorNamesTheField) {
  const WireError error = ReadError(ToGrpcStatus(
      FieldError("inputs[2].spans[0]", "reversed", Reason::kInvalidField)));
  EXPECT_EQ(error.code, grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(error.reason, "INVALID_FIELD");
  EXPECT_EQ(error.field, "inputs[2].spans[0]");
  EXPECT_EQ(error.message, "inputs[2].spans[0]: reversed");
}

TEST(StatusTest, AFullErrorSaysWhenToTryAgain) {
  const WireError error = ReadError(
      ToGrpcStatus(FullError("1024 in flight", absl::Milliseconds(1250))));
  EXPECT_EQ(error.code, grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(error.reason, "SERVER_FULL");
  EXPECT_EQ(error.retry_after, absl::Milliseconds(1250));
}

// Each of core's reasons is one of the documented list, and the other way
// round.
TEST(StatusTest, ReasonsAreThoseOfTheProto) {
  for (int value = 1; value < v1::ErrorReason_ARRAYSIZE; ++value) {
    const auto reason = static_cast<Reason>(value - 1);
    EXPECT_EQ(v1::ErrorReason_Name(value),
              "ERROR_REASON_" + std::string(ReasonName(reason)));
    const WireError error = ReadError(ToGrpcStatus(Error(reason, "text")));
    EXPECT_EQ(error.reason, ReasonName(reason));
  }
  EXPECT_EQ(v1::ErrorReason_ARRAYSIZE - 2,
            static_cast<int>(Reason::kDeviceLost));
}

TEST(StatusTest, AnErrorWithoutAReasonIsADefect) {
  for (const absl::Status& status :
       {absl::UnknownError("x"), absl::NotFoundError("x"),
        absl::UnavailableError("x")}) {
    const WireError error = ReadError(ToGrpcStatus(status));
    EXPECT_EQ(error.code, grpc::StatusCode::INTERNAL);
    EXPECT_EQ(error.reason, "INTERNAL_DEFECT");
  }
}

TEST(StatusTest, ACallersMistakeStaysOneWithoutAReason) {
  const auto reason = [](const absl::Status& status) {
    return ReadError(ToGrpcStatus(status)).reason;
  };
  EXPECT_EQ(reason(absl::InvalidArgumentError("x")), "INVALID_FIELD");
  EXPECT_EQ(reason(absl::DeadlineExceededError("x")), "DEADLINE_PASSED");
  EXPECT_EQ(reason(absl::CancelledError("x")), "CALLER_CANCELLED");
}

TEST(StatusTest, LongMessagesAreCutToFitIntoATrailer) {
  const std::string longest(1024, 'x');
  EXPECT_EQ(ToRpcStatus(absl::InternalError(longest)).message(), longest);
  EXPECT_EQ(ToRpcStatus(absl::InternalError(longest + "y")).message(),
            longest + "...");
  const grpc::Status status = ToGrpcStatus(
      FieldError(std::string(100'000, 'f'), std::string(100'000, 'm')));
  EXPECT_LT(
      status.error_message().size() * 3 + status.error_details().size() * 4 / 3,
      8192U);
}

TEST(StatusTest, MessagesAreCutBetweenCharacters) {
  // "é" has two bytes, the second of which would be the 1025th.
  const std::string text = absl::StrCat(std::string(1023, 'x'), "\xC3\xA9");
  EXPECT_EQ(ToRpcStatus(absl::InternalError(text)).message(),
            absl::StrCat(std::string(1023, 'x'), "..."));
}

TEST(StatusTest, MessagesBecomeValidUtf8) {
  const auto message = [](const std::string& text) {
    return ToRpcStatus(absl::InternalError(text)).message();
  };
  EXPECT_EQ(message("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"),
            "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80");
  EXPECT_EQ(message("a\xFF\xFE"), "a??");
  EXPECT_EQ(message("\xC3"), "?");                 // Cut short.
  EXPECT_EQ(message("\xC0\xAF"), "??");            // Overlong.
  EXPECT_EQ(message("\xE0\x80\x80"), "???");       // Overlong.
  EXPECT_EQ(message("\xED\xA0\x80"), "???");       // A surrogate.
  EXPECT_EQ(message("\xF4\x90\x80\x80"), "????");  // Beyond Unicode.
  EXPECT_EQ(message("\xE2\x82x"), "??x");
}

}  // namespace
}  // namespace strata
