// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/base/error.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace strata {
namespace {

// absl::Status keeps details as payloads under a URL; these are ours.
constexpr absl::string_view kReasonUrl = "strata/reason";
constexpr absl::string_view kFieldUrl = "strata/field";
constexpr absl::string_view kRetryUrl = "strata/retry_after_ns";

struct ReasonRow {
  Reason reason;
  absl::StatusCode code;
  absl::string_view name;
};

constexpr std::array kReasons = {
    ReasonRow{Reason::kMalformedMessage, absl::StatusCode::kInvalidArgument,
              "MALFORMED_MESSAGE"},
    ReasonRow{Reason::kInvalidField, absl::StatusCode::kInvalidArgument,
              "INVALID_FIELD"},
    ReasonRow{Reason::kInputTooLong, absl::StatusCode::kInvalidArgument,
              "INPUT_TOO_LONG"},
    ReasonRow{Reason::kModelAmbiguous, absl::StatusCode::kInvalidArgument,
              "MODEL_AMBIGUOUS"},
    ReasonRow{Reason::kModelNotFound, absl::StatusCode::kNotFound,
              "MODEL_NOT_FOUND"},
    ReasonRow{Reason::kModelNotReady, absl::StatusCode::kUnavailable,
              "MODEL_NOT_READY"},
    ReasonRow{Reason::kModelRefused, absl::StatusCode::kFailedPrecondition,
              "MODEL_REFUSED"},
    ReasonRow{Reason::kDigestMismatch, absl::StatusCode::kFailedPrecondition,
              "DIGEST_MISMATCH"},
    ReasonRow{Reason::kReplyTooLarge, absl::StatusCode::kFailedPrecondition,
              "REPLY_TOO_LARGE"},
    ReasonRow{Reason::kNotSupportedByModel,
              absl::StatusCode::kFailedPrecondition, "NOT_SUPPORTED_BY_MODEL"},
    ReasonRow{Reason::kServerFull, absl::StatusCode::kResourceExhausted,
              "SERVER_FULL"},
    ReasonRow{Reason::kServerStopping, absl::StatusCode::kUnavailable,
              "SERVER_STOPPING"},
    ReasonRow{Reason::kDeadlinePassed, absl::StatusCode::kDeadlineExceeded,
              "DEADLINE_PASSED"},
    ReasonRow{Reason::kCallerCancelled, absl::StatusCode::kCancelled,
              "CALLER_CANCELLED"},
    ReasonRow{Reason::kForwardFailed, absl::StatusCode::kInternal,
              "FORWARD_FAILED"},
    ReasonRow{Reason::kTokenizerFailed, absl::StatusCode::kInternal,
              "TOKENIZER_FAILED"},
    ReasonRow{Reason::kNotImplemented, absl::StatusCode::kUnimplemented,
              "NOT_IMPLEMENTED"},
    ReasonRow{Reason::kNotAllowed, absl::StatusCode::kPermissionDenied,
              "NOT_ALLOWED"},
    ReasonRow{Reason::kInternalDefect, absl::StatusCode::kInternal,
              "INTERNAL_DEFECT"},
    ReasonRow{Reason::kNotAuthenticated, absl::StatusCode::kUnauthenticated,
              "NOT_AUTHENTICATED"},
    ReasonRow{Reason::kDeviceLost, absl::StatusCode::kUnavailable,
              "DEVICE_LOST"},
};

const ReasonRow& RowOf(Reason reason) {
  return kReasons[static_cast<std::size_t>(reason)];
}

std::optional<std::string> Payload(const absl::Status& status,
                                   absl::string_view url) {
  const auto cord = status.GetPayload(url);
  if (!cord.has_value()) return std::nullopt;
  return std::string(*cord);
}

}  // namespace

absl::string_view ReasonName(Reason reason) { return RowOf(reason).name; }

absl::Status Error(Reason reason, absl::string_view message) {
  absl::Status status(RowOf(reason).code, message);
  status.SetPayload(kReasonUrl,
                    absl::Cord(absl::StrCat(static_cast<int>(reason))));
  return status;
}

absl::Status FieldError(absl::string_view field, absl::string_view message,
                        Reason reason) {
  absl::Status status = Error(reason, absl::StrCat(field, ": ", message));
  status.SetPayload(kFieldUrl, absl::Cord(field));
  return status;
}

absl::Status FullError(absl::string_view message, absl::Duration retry_after) {
  absl::Status status = Error(Reason::kServerFull, message);
  status.SetPayload(
      kRetryUrl,
      absl::Cord(absl::StrCat(absl::ToInt64Nanoseconds(retry_after))));
  return status;
}

absl::Status InputError(absl::string_view input, const absl::Status& status) {
  const std::string message = absl::StrCat(input, ": ", status.message());
  if (const auto wait = RetryAfterOf(status); wait.has_value()) {
    return FullError(message, *wait);
  }
  return Error(ReasonOf(status).value_or(Reason::kInternalDefect), message);
}

std::optional<Reason> ReasonOf(const absl::Status& status) {
  const auto text = Payload(status, kReasonUrl);
  int number = 0;
  if (!text.has_value() || !absl::SimpleAtoi(*text, &number)) {
    return std::nullopt;
  }
  return static_cast<Reason>(number);
}

std::optional<std::string> FieldOf(const absl::Status& status) {
  return Payload(status, kFieldUrl);
}

std::optional<absl::Duration> RetryAfterOf(const absl::Status& status) {
  const auto text = Payload(status, kRetryUrl);
  std::int64_t nanoseconds = 0;
  if (!text.has_value() || !absl::SimpleAtoi(*text, &nanoseconds)) {
    return std::nullopt;
  }
  return absl::Nanoseconds(nanoseconds);
}

}  // namespace strata
