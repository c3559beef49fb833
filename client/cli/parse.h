// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_PARSE_H_
#define STRATA_CLIENT_CLI_PARSE_H_

#include <string>
#include <variant>
#include <vector>

#include "client/cli/console.h"
#include "client/cli/failure.h"
#include "client/cli/options.h"

namespace strata::cli {

// What the arguments (without the program's name) ask for; or the exit code
// where that is already answered: the help, or the script of a shell, that they
// asked for has been written to `console.out`, or what is wrong with them to
// `console.err`.
//
// Reads STRATA_SERVER, STRATA_TOKEN and those that --help names from the
// environment.
std::variant<Invocation, ExitCode> Parse(const std::vector<std::string>& args,
                                         const Console& console);

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_PARSE_H_
