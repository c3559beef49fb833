// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_BASE_ERROR_H_
#define STRATA_CORE_BASE_ERROR_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace strata {

// Why a request failed, for programs to read. The one list: the server sends
// the name as google.rpc.ErrorInfo.reason, and a test holds it equal to
// strata.v1.ErrorReason, whose comments tell clients what each means.
enum class Reason {
  kMalformedMessage,
  kInvalidField,
  kInputTooLong,
  kModelAmbiguous,
  kModelNotFound,
  kModelNotReady,
  kModelRefused,
  kDigestMismatch,
  kReplyTooLarge,
  kNotSupportedByModel,
  kServerFull,
  kServerStopping,
  kDeadlinePassed,
  kCallerCancelled,
  kForwardFailed,
  kTokenizerFailed,
  kNotImplemented,
  kNotAllowed,
  kInternalDefect,
  kNotAuthenticated,
  kDeviceLost,
};

// The wire name, as "MODEL_NOT_FOUND".
absl::string_view ReasonName(Reason reason);

// An error with the status code that belongs to `reason`. `message` says what
// was got, what was expected and what to do; it never holds payload text.
//
//   return Error(Reason::kModelNotFound, absl::StrCat("no model ", name));
absl::Status Error(Reason reason, absl::string_view message);

// An INVALID_ARGUMENT that names the request's field, as
// "outputs[0].layers[1]", in the names of the wire format.
absl::Status FieldError(absl::string_view field, absl::string_view message,
                        Reason reason = Reason::kInvalidField);

// A RESOURCE_EXHAUSTED that says when to try again.
absl::Status FullError(absl::string_view message, absl::Duration retry_after);

// The error of one input, of a call that has one status for all of them: what
// the request calls it goes in front of the message; the reason, and when to
// try again, stay.
absl::Status InputError(absl::string_view input, const absl::Status& status);

// What the constructors above attached; nullopt where nothing was.
std::optional<Reason> ReasonOf(const absl::Status& status);
std::optional<std::string> FieldOf(const absl::Status& status);
std::optional<absl::Duration> RetryAfterOf(const absl::Status& status);

}  // namespace strata

#endif  // STRATA_CORE_BASE_ERROR_H_
