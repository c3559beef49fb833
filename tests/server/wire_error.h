// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_SERVER_WIRE_ERROR_H_
#define STRATA_TESTS_SERVER_WIRE_ERROR_H_

#include <optional>
#include <ostream>
#include <string>

#include "absl/time/time.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"
#include "gtest/gtest.h"

namespace strata {

// An error as a client reads it.
struct WireError {
  int code = 0;
  std::string message;
  std::string domain;
  std::string reason;
  // Empty: no BadRequest.
  std::string field;
  std::optional<absl::Duration> retry_after;
};

inline std::ostream& operator<<(std::ostream& out, const WireError& error) {
  return out << error.code << " " << error.reason << " " << error.message;
}

inline WireError ReadError(const google::rpc::Status& status) {
  WireError error{.code = status.code(), .message = status.message()};
  for (const google::protobuf::Any& detail : status.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad_request;
    google::rpc::RetryInfo retry;
    if (detail.UnpackTo(&info)) {
      error.domain = info.domain();
      error.reason = info.reason();
    } else if (detail.UnpackTo(&bad_request)) {
      error.field = bad_request.field_violations(0).field();
    } else if (detail.UnpackTo(&retry)) {
      error.retry_after = absl::Seconds(retry.retry_delay().seconds()) +
                          absl::Nanoseconds(retry.retry_delay().nanos());
    }
  }
  return error;
}

// Of a call; expects that code and message of the details are those of the
// call.
inline WireError ReadError(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  EXPECT_EQ(details.code(), static_cast<int>(status.error_code()));
  EXPECT_EQ(details.message(), status.error_message());
  return ReadError(details);
}

}  // namespace strata

#endif  // STRATA_TESTS_SERVER_WIRE_ERROR_H_
