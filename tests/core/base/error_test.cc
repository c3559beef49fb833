// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/base/error.h"

#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

TEST(Error, HasTheReasonsCodeAndName) {
  const absl::Status status = Error(Reason::kModelNotFound, "no model \"x\"");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "no model \"x\"");
  EXPECT_EQ(ReasonOf(status), Reason::kModelNotFound);
  EXPECT_EQ(ReasonName(Reason::kModelNotFound), "MODEL_NOT_FOUND");
  EXPECT_EQ(FieldOf(status), std::nullopt);
  EXPECT_EQ(RetryAfterOf(status), std::nullopt);
}

// The table is indexed by the enumerator, so a row out of place shows here.
TEST(Error, FirstAndLastReasonAreInPlace) {
  EXPECT_EQ(ReasonName(Reason::kMalformedMessage), "MALFORMED_MESSAGE");
  EXPECT_EQ(ReasonName(Reason::kNotAuthenticated), "NOT_AUTHENTICATED");
  EXPECT_EQ(Error(Reason::kNotAuthenticated, "").code(),
            absl::StatusCode::kUnauthenticated);
}

TEST(FieldError, NamesTheField) {
  const absl::Status status =
      FieldError("outputs[0].layers[1]", "got 9, expected 0 to 6");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "outputs[0].layers[1]: got 9, expected 0 to 6");
  EXPECT_EQ(FieldOf(status), "outputs[0].layers[1]");
  EXPECT_EQ(ReasonOf(status), Reason::kInvalidField);
}

TEST(FieldError, TakesAnotherReason) {
  EXPECT_EQ(ReasonOf(FieldError("model", "empty", Reason::kModelAmbiguous)),
            Reason::kModelAmbiguous);
}

TEST(FullError, SaysWhenToRetry) {
  const absl::Status status = FullError("full", absl::Milliseconds(250));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(RetryAfterOf(status), absl::Milliseconds(250));
  EXPECT_EQ(ReasonOf(status), Reason::kServerFull);
}

TEST(InputError, KeepsReasonAndTime) {
  absl::Status status =
      InputError("text[3]", Error(Reason::kForwardFailed, "infinite"));
  EXPECT_EQ(ReasonOf(status), Reason::kForwardFailed);
  EXPECT_EQ(status.message(), "text[3]: infinite");
  status = InputError("text[3]", FullError("no memory", absl::Seconds(7)));
  EXPECT_EQ(ReasonOf(status), Reason::kServerFull);
  EXPECT_EQ(RetryAfterOf(status), absl::Seconds(7));
  status = InputError("text[3]", absl::UnknownError("what"));
  EXPECT_EQ(ReasonOf(status), Reason::kInternalDefect);
}

TEST(Error, StatusesOfOthersHaveNoReason) {
  EXPECT_EQ(ReasonOf(absl::InternalError("elsewhere")), std::nullopt);
  EXPECT_EQ(ReasonOf(absl::OkStatus()), std::nullopt);
}

}  // namespace
}  // namespace strata
