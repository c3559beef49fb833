// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/failure.h"

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "strata/status.h"

namespace strata::cli {
namespace {

// Holds the exit code of a status that was made here.
constexpr absl::string_view kExitCodeUrl = "strata/exit-code";

absl::Status WithExitCode(absl::StatusCode code, absl::string_view message,
                          ExitCode exit_code) {
  absl::Status status(code, message);
  status.SetPayload(kExitCodeUrl, absl::Cord(absl::string_view(std::string(
                                      1, static_cast<char>(exit_code)))));
  return status;
}

// nullopt: the status is a server's, or the connection's.
std::optional<ExitCode> OwnExitCode(const absl::Status& status) {
  const auto payload = status.GetPayload(kExitCodeUrl);
  if (!payload.has_value()) return std::nullopt;
  return static_cast<ExitCode>(std::string(*payload).at(0));
}

// Ours carry a reason; what gRPC makes of a dead connection does not.
bool IsUnreachable(const absl::Status& status) {
  return absl::IsUnavailable(status) && !ErrorReasonOf(status).has_value();
}

// What to do, in the words of this command line; the server speaks of fields.
absl::string_view Advice(const absl::Status& status) {
  const std::string reason = ErrorReasonOf(status).value_or("");
  if (reason == "MODEL_AMBIGUOUS" || reason == "MODEL_NOT_FOUND") {
    return "Name one with --model; `strata models` lists them.";
  }
  if (reason == "NOT_AUTHENTICATED") {
    return "Name a file with the token with --token-file, or set STRATA_TOKEN.";
  }
  if (reason == "MODEL_REFUSED") {
    return "`strata models NAME` shows the check that failed.";
  }
  if (reason == "INPUT_TOO_LONG") {
    return "Shorten the text, or cut it with --truncation right.";
  }
  if (reason == "REPLY_TOO_LARGE") {
    return "Ask for fewer --layers, pool, or lower --batch-size.";
  }
  // The health service knows no reasons.
  if (reason.empty() && absl::IsNotFound(status)) {
    return "`strata models` lists what there is.";
  }
  if (reason.empty() && absl::IsUnimplemented(status)) {
    return "Is this a Strata server?";
  }
  return "";
}

}  // namespace

absl::Status UsageError(absl::string_view message) {
  return WithExitCode(absl::StatusCode::kInvalidArgument, message, kUsage);
}

absl::Status SomeFailed(absl::string_view message) {
  return WithExitCode(absl::StatusCode::kUnknown, message, kSomeFailed);
}

absl::Status Interrupted(absl::string_view message) {
  return WithExitCode(absl::StatusCode::kCancelled, message, kInterrupted);
}

absl::Status ReaderGone() {
  return WithExitCode(absl::StatusCode::kCancelled, "nobody reads the output",
                      kReaderGone);
}

ExitCode ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return kOk;
  if (const auto own = OwnExitCode(status)) return *own;
  if (IsUnreachable(status) || absl::IsDeadlineExceeded(status)) {
    return kNoAnswer;
  }
  return kServerError;
}

std::string Explain(const absl::Status& status, const Place& place,
                    absl::Duration timeout) {
  const std::string& server = place.address;
  const absl::string_view message = absl::StripSuffix(status.message(), ".");
  if (OwnExitCode(status).has_value()) return absl::StrCat(message, ".");
  if (IsUnreachable(status)) {
    return absl::StrCat("cannot reach the server at ", server, ": ", message,
                        ". Start strata-server there, or name another place "
                        "with ",
                        place.option, ".");
  }
  if (absl::IsDeadlineExceeded(status)) {
    return absl::StrCat("no answer from ", server, " within ",
                        absl::FormatDuration(timeout),
                        ". Wait longer with --timeout, or send less at once "
                        "(--batch-size, --concurrency).");
  }
  const absl::string_view advice = Advice(status);
  return absl::StrCat(absl::StatusCodeToString(status.code()), " from ", server,
                      ": ", message, advice.empty() ? "." : ". ", advice);
}

}  // namespace strata::cli
