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
constexpr absl::string_view kScript =
    R"(# Completes `strata` in bash. Made by: strata completion bash
_strata_files() {
  compopt -o filenames 2>/dev/null # It fails where nothing is completed.
  mapfile -t COMPREPLY < <(compgen -f -- "$word")
}
_strata() {
  local word=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD-1]}
  local command='' options='' choices='' i
  COMPREPLY=()
  # "--format=json" comes as three words.
  if [[ $word == = ]]; then
    word=''
  elif [[ $option == = ]]; then
    option=${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case ${COMP_WORDS[i]} in
      --) return ;; # Texts follow.
      @VALUED@)
        [[ ${COMP_WORDS[i+1]} == = ]] && ((++i))
        ((++i))
        ;;
      @COMMANDS@) : "${command:=${COMP_WORDS[i]}}" ;;
    esac
  done
  case "$command $option" in
@VALUES@    *)
      options='@OPTIONS@'
      case $command in
        '') choices='@CHOICES@' ;;
@OWN@      esac
      if [[ $word == -* || -z $choices$word ]]; then
        choices=$options
      fi
      ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
}
complete -F _strata strata
)";

constexpr CaseActions kActions = {.any = "return",
                                  .before_choices = "choices='",
                                  .after_choices = "'",
                                  .file = "_strata_files; return"};

}  // namespace

std::string BashCompletion(const ProgramShape& program) {
  std::string values = CaseBranches("*", program.options, kActions);
  std::string own_options;
  for (const CommandShape& command : program.commands) {
    const std::vector<OptionShape> own = OwnOptions(program, command);
    absl::StrAppend(&values, CaseBranches(command.name, own, kActions));
    absl::StrAppend(&own_options, "        ", command.name, ")\n");
    if (!own.empty()) {
      absl::StrAppend(&own_options, "          options+=' ",
                      absl::StrJoin(NamesOf(own), " "), "'\n");
    }
    if (!command.choices.empty()) {
      absl::StrAppend(&own_options, "          choices='",
                      absl::StrJoin(command.choices, " "), "'\n");
    }
    absl::StrAppend(&own_options, "          ;;\n");
  }
  return absl::StrReplaceAll(
      kScript, {{"@VALUED@", absl::StrJoin(ValuedNames(program), " | ")},
                {"@COMMANDS@", absl::StrJoin(CommandNames(program), " | ")},
                {"@CHOICES@", absl::StrJoin(CommandNames(program), " ")},
                {"@OPTIONS@", absl::StrJoin(NamesOf(program.options), " ")},
                {"@VALUES@", values},
                {"@OWN@", own_options}});
}

}  // namespace strata::cli
