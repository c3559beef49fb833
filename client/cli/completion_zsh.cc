// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "client/cli/completion.h"
#include "client/cli/completion_parts.h"

namespace strata::cli {
namespace {

// @COMMANDS@ and such are filled in.
constexpr absl::string_view kScript = R"(#compdef strata
# Completes `strata` in zsh. Made by: strata completion zsh
_strata() {
  local command='' option=$words[CURRENT-1] i
  local -a options choices
  # "--format=json" is one word.
  if [[ $PREFIX == --*=* ]]; then
    option=${PREFIX%%=*}
    compset -P '*='
  fi
  for ((i = 2; i < CURRENT; ++i)); do
    case $words[i] in
      (--) return 1 ;; # Texts follow.
      (@VALUED@) ((++i)) ;;
      (@COMMANDS@) : ${command:=$words[i]} ;;
    esac
  done
  case "$command $option" in
@VALUES@  esac
  options=(
@OPTIONS@  )
  case $command in
    ('')
      choices=(
@CHOICES@      )
      ;;
@OWN@  esac
  if [[ $PREFIX == -* ]] || (( ! $#choices )); then
    _describe -o option options
  else
    _describe command choices
  fi
}
# From a folder of $fpath it is run as that function; sourced, it defines it.
if [[ $funcstack[1] == _strata ]]; then
  _strata "$@"
else
  compdef _strata strata
fi
)";

constexpr CaseActions kActions = {.any = "return 1",
                                  .before_choices = "compadd -- ",
                                  .after_choices = "; return",
                                  .file = "_files; return"};

// "name:help" as _describe wants it, a line for each.
std::string Described(absl::string_view name, absl::string_view help,
                      absl::string_view indent) {
  return absl::StrCat(indent, Quoted(absl::StrCat(name, ":", help)), "\n");
}

std::string Described(const std::vector<OptionShape>& options,
                      absl::string_view indent) {
  std::string text;
  for (const OptionShape& option : options) {
    for (const std::string& name : option.names) {
      absl::StrAppend(&text, Described(name, option.help, indent));
    }
  }
  return text;
}

}  // namespace

std::string ZshCompletion(const ProgramShape& program) {
  std::string values = CaseBranches("*", program.options, kActions);
  std::string commands;
  std::string own_options;
  for (const CommandShape& command : program.commands) {
    const std::vector<OptionShape> own = OwnOptions(program, command);
    absl::StrAppend(&values, CaseBranches(command.name, own, kActions));
    absl::StrAppend(&commands,
                    Described(command.name, command.help, "        "));
    absl::StrAppend(&own_options, "    (", command.name, ")\n",
                    "      options+=(\n", Described(own, "        "),
                    "      )\n", "      choices=(",
                    absl::StrJoin(command.choices, " "), ")\n      ;;\n");
  }
  return absl::StrReplaceAll(
      kScript, {{"@VALUED@", absl::StrJoin(ValuedNames(program), "|")},
                {"@COMMANDS@", absl::StrJoin(CommandNames(program), "|")},
                {"@CHOICES@", commands},
                {"@OPTIONS@", Described(program.options, "    ")},
                {"@VALUES@", values},
                {"@OWN@", own_options}});
}

}  // namespace strata::cli
