// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_CONNECTION_H_
#define STRATA_CLIENT_CLI_CONNECTION_H_

#include "absl/status/statusor.h"
#include "client/cli/options.h"
#include "strata/client.h"

namespace strata::cli {

// How to reach the server that `invocation` names: its certificates and token,
// read from their files. Error: a UsageError where one cannot be read.
absl::StatusOr<ClientOptions> ClientOptionsFor(const Invocation& invocation);

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_CONNECTION_H_
