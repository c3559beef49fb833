// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_TOP_H_
#define STRATA_CLIENT_CLI_TOP_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/cli/console.h"
#include "client/cli/options.h"

namespace strata::cli {

// Shows what a server's /metrics says, once or each second until the process is
// interrupted, on a terminal in place of what it showed before. Returns where
// it was asked for one look, or a look failed.
absl::Status RunTop(const TopCommand& command, absl::Duration timeout,
                    const Console& console);

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_TOP_H_
