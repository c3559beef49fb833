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

// What a branch of a `case` does of bash or zsh, by the option before the word.
struct CaseActions {
  // Any text may follow it.
  absl::string_view any;
  // One of its choices: they stand between the two.
  absl::string_view before_choices;
  absl::string_view after_choices;
  // A file's name.
  absl::string_view file;
};

// The branches of "$command $option" for the options of `command`, or of all
// commands where it is "*".
std::string CaseBranches(absl::string_view command,
                         const std::vector<OptionShape>& options,
                         const CaseActions& actions);

// In single quotes, as bash and zsh read them.
std::string Quoted(absl::string_view text);

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_COMPLETION_PARTS_H_
