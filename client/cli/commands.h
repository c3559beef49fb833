// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_COMMANDS_H_
#define STRATA_CLIENT_CLI_COMMANDS_H_

#include "absl/status/status.h"
#include "client/cli/console.h"
#include "client/cli/options.h"
#include "strata/client.h"

// The subcommands. Each asks the server, writes its answer to `console.out` and
// returns the outcome: an error is the server's, or a UsageError.
namespace strata::cli {

// Sends the texts in many requests, several at once, and writes what comes in
// their order. Answers that were there before an error are written. Ends the
// calls of `client` where it fails or is interrupted by SIGINT.
absl::Status RunEncode(Client& client, const EncodeCommand& command,
                       Format format, const Console& console);
absl::Status RunTokenize(Client& client, const TokenizeCommand& command,
                         Format format, const Console& console);
absl::Status RunModels(Client& client, const ModelsCommand& command,
                       Format format, const Console& console);
// An error also where the answer is anything but SERVING.
absl::Status RunHealth(Client& client, const HealthCommand& command,
                       Format format, const Console& console);

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_COMMANDS_H_
