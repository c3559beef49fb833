// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_COMPLETION_H_
#define STRATA_CLIENT_CLI_COMPLETION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

// What completes a command line in a shell, made from the options that the
// parser has, so that it knows all of them and no others. Pure functions.
namespace strata::cli {

// What follows an option.
enum class ValueKind : std::uint8_t { kNone, kAny, kFile, kChoice };

struct OptionShape {
  // As typed: "-h", "--help".
  std::vector<std::string> names;
  std::string help;
  ValueKind value = ValueKind::kNone;
  // Of kChoice.
  std::vector<std::string> choices;
};

struct CommandShape {
  std::string name;
  std::string help;
  std::vector<OptionShape> options;
  // What may stand where no option does, where that is known.
  std::vector<std::string> choices;
};

struct ProgramShape {
  // Of every command.
  std::vector<OptionShape> options;
  std::vector<CommandShape> commands;
};

// Of `strata`, as MakeApp makes it.
ProgramShape StrataShape();

// Scripts to be sourced. Each defines a function _strata, or in fish the
// completions of strata.
std::string BashCompletion(const ProgramShape& program);
std::string ZshCompletion(const ProgramShape& program);
std::string FishCompletion(const ProgramShape& program);

// That of "bash", "zsh" or "fish".
std::string CompletionOf(absl::string_view shell, const ProgramShape& program);

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_COMPLETION_H_
