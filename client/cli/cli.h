// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_CLI_H_
#define STRATA_CLIENT_CLI_CLI_H_

#include <string>
#include <vector>

#include "client/cli/console.h"

namespace strata::cli {

// Runs one command line (without the program's name) and returns its exit code;
// see failure.h. Blocks until the server has answered. SIGPIPE must be ignored,
// so that a reader that has gone is an exit code.
//
//   RunCli({"health", "--server", "127.0.0.1:50051"},
//          {.out = std::cout, .err = std::cerr});
int RunCli(const std::vector<std::string>& args, const Console& console);

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_CLI_H_
