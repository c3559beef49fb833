// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_COMPLETION_PARTS_H_
#define STRATA_CLIENT_CLI_COMPLETION_PARTS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "client/cli/completion.h"

// What the scripts of several shells are put together from. Pure functions.
namespace strata::cli {

// The names of all commands.
std::vector<std::string> CommandNames(const ProgramShape& program);

// Those of the options that take a value: the next word is not a command then.
std::vector<std::string> ValuedNames(const ProgramShape& program);

// The options that `command` has for itself; --help is everybody's.
std::vector<OptionShape> OwnOptions(const ProgramShape& program,
                                    const CommandShape& command);

// The names of `options`.
std::vector<std::string> NamesOf(const std::vector<OptionShape>& options);

// In single quotes, as bash and zsh read them.
std::string Quoted(absl::string_view text);

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_COMPLETION_PARTS_H_
