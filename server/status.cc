// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/status.h"

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"
#include "server/durations.h"

namespace strata {
namespace {

constexpr absl::string_view kDomain = "strata";
// A client takes 8 KiB of trailers by default. A message goes out three times
// (grpc-message with up to three bytes for one, google.rpc.Status, BadRequest).
constexpr std::size_t kLongestMessage = 1024;
constexpr std::size_t kLongestField = 128;

bool IsContinuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

// Length of the well-formed UTF-8 character that `text` begins with; 0: none.
std::size_t CharacterLength(absl::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const auto second =
      static_cast<unsigned char>(text.size() > 1 ? text[1] : '\0');
  std::size_t length = 0;
  if (first < 0x80) {
    return 1;
  }
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if ((first & 0xF0U) == 0xE0U) {
    const bool overlong = first == 0xE0 && second < 0xA0;
    const bool surrogate = first == 0xED && second > 0x9F;
    length = overlong || surrogate ? 0 : 3;
  } else if (first >= 0xF0 && first <= 0xF4) {
    const bool overlong = first == 0xF0 && second < 0x90;
    const bool beyond = first == 0xF4 && second > 0x8F;
    length = overlong || beyond ? 0 : 4;
  }
  if (length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!IsContinuation(text[i])) return 0;
  }
  return length;
}

// `text` as valid UTF-8 of at most `longest` bytes and an ellipsis.
std::string Presentable(absl::string_view text, std::size_t longest) {
  std::string result;
  while (!text.empty()) {
    const std::size_t length = CharacterLength(text);
    if (result.size() + length > longest) return result + "...";
    absl::StrAppend(&result, length == 0 ? "?" : text.substr(0, length));
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return result;
}

// The reason that an error without one stands for.
Reason DefaultReason(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
      return Reason::kInvalidField;
    case absl::StatusCode::kDeadlineExceeded:
      return Reason::kDeadlinePassed;
    case absl::StatusCode::kCancelled:
      return Reason::kCallerCancelled;
    default:
      return Reason::kInternalDefect;
  }
}

}  // namespace

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  google::rpc::Status wire;
  if (status.ok()) return wire;
  const std::string message = Presentable(status.message(), kLongestMessage);
  const Reason reason = ReasonOf(status).value_or(DefaultReason(status.code()));
  // The reason decides, so that code and reason never disagree.
  wire.set_code(static_cast<int>(Error(reason, "").code()));
  wire.set_message(message);

  google::rpc::ErrorInfo info;
  info.set_domain(std::string(kDomain));
  info.set_reason(std::string(ReasonName(reason)));
  wire.add_details()->PackFrom(info);
  if (const auto field = FieldOf(status); field.has_value()) {
    google::rpc::BadRequest bad_request;
    auto* violation = bad_request.add_field_violations();
    violation->set_field(Presentable(*field, kLongestField));
    violation->set_description(message);
    wire.add_details()->PackFrom(bad_request);
  }
  if (const auto wait = RetryAfterOf(status); wait.has_value()) {
    google::rpc::RetryInfo retry;
    *retry.mutable_retry_delay() = ToProtoDuration(*wait);
    wire.add_details()->PackFrom(retry);
  }
  return wire;
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status wire = ToRpcStatus(status);
  return {static_cast<grpc::StatusCode>(wire.code()), wire.message(),
          wire.SerializeAsString()};
}

}  // namespace strata
