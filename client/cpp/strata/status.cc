// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "strata/status.h"

#include <grpcpp/support/status.h>

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace strata {
namespace {

constexpr absl::string_view kErrorInfoUrl =
    "type.googleapis.com/google.rpc.ErrorInfo";
constexpr absl::string_view kRetryInfoUrl =
    "type.googleapis.com/google.rpc.RetryInfo";

absl::Duration FromProto(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) +
         absl::Nanoseconds(duration.nanos());
}

// The server's text, followed by what the details add to it.
std::string Message(absl::string_view text, const google::rpc::Status& rich) {
  std::string message(text);
  for (const auto& any : rich.details()) {
    google::rpc::BadRequest bad_request;
    google::rpc::ErrorInfo info;
    google::rpc::RetryInfo retry;
    if (any.UnpackTo(&bad_request)) {
      for (const auto& violation : bad_request.field_violations()) {
        if (absl::StrContains(message, violation.field())) continue;
        absl::StrAppend(&message, "; ", violation.field(), ": ",
                        violation.description());
      }
    } else if (any.UnpackTo(&info)) {
      if (absl::StrContains(message, info.reason())) continue;
      absl::StrAppend(&message, " [", info.reason(), "]");
    } else if (any.UnpackTo(&retry)) {
      absl::StrAppend(&message, "; retry after ",
                      absl::FormatDuration(FromProto(retry.retry_delay())));
    }
  }
  return message;
}

template <typename Detail>
std::optional<Detail> DetailOf(const absl::Status& status,
                               absl::string_view url) {
  const auto payload = status.GetPayload(url);
  Detail detail;
  if (!payload.has_value() || !detail.ParseFromString(std::string(*payload))) {
    return std::nullopt;
  }
  return detail;
}

}  // namespace

absl::Status StatusFromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  google::rpc::Status rich;
  if (!rich.ParseFromString(status.error_details())) rich.Clear();
  auto code = static_cast<absl::StatusCode>(status.error_code());
  if (code == absl::StatusCode::kInternal && rich.details().empty() &&
      absl::StrContains(status.error_message(), "RST_STREAM")) {
    code = absl::StatusCode::kUnavailable;
  }
  absl::Status result(code, Message(status.error_message(), rich));
  for (const auto& any : rich.details()) {
    result.SetPayload(any.type_url(), absl::Cord(any.value()));
  }
  return result;
}

std::optional<std::string> ErrorReasonOf(const absl::Status& status) {
  const auto info = DetailOf<google::rpc::ErrorInfo>(status, kErrorInfoUrl);
  if (!info.has_value()) return std::nullopt;
  return info->reason();
}

std::optional<absl::Duration> RetryDelayOf(const absl::Status& status) {
  const auto info = DetailOf<google::rpc::RetryInfo>(status, kRetryInfoUrl);
  if (!info.has_value()) return std::nullopt;
  return FromProto(info->retry_delay());
}

}  // namespace strata
