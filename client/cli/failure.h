// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_FAILURE_H_
#define STRATA_CLIENT_CLI_FAILURE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

// How the command line ends when something went wrong.
namespace strata::cli {

// Documented in --help; scripts depend on them.
enum ExitCode : std::uint8_t {
  kOk = 0,
  // The server answered with an error, or is not serving.
  kServerError = 1,
  // The command line, or a file that it names, is wrong.
  kUsage = 2,
  // No answer: the server cannot be reached, or the timeout passed.
  kNoAnswer = 3,
  // All was done, but some texts failed.
  kSomeFailed = 4,
  // Interrupted by Ctrl-C; what was finished is written. 128 and the signal's
  // number, as shells have it.
  kInterrupted = 130,
  // Nobody reads the output any more. The process ends by SIGPIPE, of which a
  // shell makes this.
  kReaderGone = 141,
};

// An error of the person's own making: kUsage.
absl::Status UsageError(absl::string_view message);

// The ends of a run that are none of an error: kSomeFailed, kInterrupted and
// kReaderGone.
absl::Status SomeFailed(absl::string_view message);
absl::Status Interrupted(absl::string_view message);
absl::Status ReaderGone();

// The exit code for the outcome of a command.
ExitCode ExitCodeOf(const absl::Status& status);

// Where a command asked, and the options that say so.
struct Place {
  std::string address;
  absl::string_view option = "--server or STRATA_SERVER";
};

// One or two sentences for a person: what happened, and what to do.
std::string Explain(const absl::Status& status, const Place& place,
                    absl::Duration timeout);

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_FAILURE_H_
