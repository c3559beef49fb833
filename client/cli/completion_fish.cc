// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "client/cli/completion.h"
#include "client/cli/completion_parts.h"

namespace strata::cli {
namespace {

// @COMMANDS@ and such are filled in.
constexpr absl::string_view kScript =
    R"(# Completes `strata` in fish. Made by: strata completion fish
function __strata_command
    set -l is_value no
    for word in (commandline -opc)[2..-1]
        if test $is_value = yes
            set is_value no
            continue
        end
        switch $word
            case @VALUED@
                set is_value yes
            case @COMMANDS@
                echo $word
                return
        end
    end
end
function __strata_in --argument-names wanted
    set -l found (__strata_command)
    test "$found" = "$wanted"
end
complete -c strata -f
)";

// In single quotes, as fish reads them.
std::string FishQuoted(absl::string_view text) {
  return absl::StrCat(
      "'", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
}

std::string Complete(const OptionShape& option, absl::string_view condition) {
  std::string text = absl::StrCat("complete -c strata", condition);
  for (absl::string_view name : option.names) {
    const bool is_long = absl::ConsumePrefix(&name, "--");
    absl::ConsumePrefix(&name, "-");
    absl::StrAppend(&text, is_long ? " -l " : " -s ", name);
  }
  switch (option.value) {
    case ValueKind::kNone:
      break;
    case ValueKind::kAny:
      absl::StrAppend(&text, " -x");
      break;
    case ValueKind::kChoice:
      absl::StrAppend(&text, " -x -a ",
                      FishQuoted(absl::StrJoin(option.choices, " ")));
      break;
    case ValueKind::kFile:
      absl::StrAppend(&text, " -r -F");
  }
  return absl::StrCat(text, " -d ", FishQuoted(option.help), "\n");
}

}  // namespace

std::string FishCompletion(const ProgramShape& program) {
  std::string text = absl::StrReplaceAll(
      kScript, {{"@VALUED@", absl::StrJoin(ValuedNames(program), " ")},
                {"@COMMANDS@", absl::StrJoin(CommandNames(program), " ")}});
  for (const OptionShape& option : program.options) {
    absl::StrAppend(&text, Complete(option, ""));
  }
  for (const CommandShape& command : program.commands) {
    absl::StrAppend(&text, "complete -c strata -n '__strata_in \"\"' -a ",
                    command.name, " -d ", FishQuoted(command.help), "\n");
    const std::string condition =
        absl::StrCat(" -n '__strata_in ", command.name, "'");
    for (const OptionShape& option : OwnOptions(program, command)) {
      absl::StrAppend(&text, Complete(option, condition));
    }
    if (!command.choices.empty()) {
      absl::StrAppend(&text, "complete -c strata", condition, " -a ",
                      FishQuoted(absl::StrJoin(command.choices, " ")), "\n");
    }
  }
  return text;
}

}  // namespace strata::cli
