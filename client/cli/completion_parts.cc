// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/completion_parts.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "client/cli/completion.h"

namespace strata::cli {

std::vector<std::string> CommandNames(const ProgramShape& program) {
  std::vector<std::string> names;
  names.reserve(program.commands.size());
  for (const CommandShape& command : program.commands) {
    names.push_back(command.name);
  }
  return names;
}

std::vector<std::string> ValuedNames(const ProgramShape& program) {
  std::vector<std::string> names;
  const auto add = [&](const std::vector<OptionShape>& options) {
    for (const OptionShape& option : options) {
      if (option.value == ValueKind::kNone) continue;
      for (const std::string& name : option.names) {
        if (!std::ranges::count(names, name)) names.push_back(name);
      }
    }
  };
  add(program.options);
  for (const CommandShape& command : program.commands) add(command.options);
  return names;
}

std::vector<OptionShape> OwnOptions(const ProgramShape& program,
                                    const CommandShape& command) {
  std::vector<OptionShape> own;
  std::ranges::copy_if(command.options, std::back_inserter(own),
                       [&](const OptionShape& option) {
                         return std::ranges::none_of(
                             program.options, [&](const OptionShape& shared) {
                               return shared.names == option.names;
                             });
                       });
  return own;
}

std::vector<std::string> NamesOf(const std::vector<OptionShape>& options) {
  std::vector<std::string> names;
  for (const OptionShape& option : options) {
    names.insert(names.end(), option.names.begin(), option.names.end());
  }
  return names;
}

std::string CaseBranches(absl::string_view command,
                         const std::vector<OptionShape>& options,
                         const CaseActions& actions) {
  std::string text;
  for (const OptionShape& option : options) {
    for (const std::string& name : option.names) {
      const std::string branch =
          absl::StrCat("    (", command, "' ", name, "') ");
      switch (option.value) {
        case ValueKind::kNone:
          break;
        case ValueKind::kAny:
          absl::StrAppend(&text, branch, actions.any, " ;;\n");
          break;
        case ValueKind::kChoice:
          absl::StrAppend(&text, branch, actions.before_choices,
                          absl::StrJoin(option.choices, " "),
                          actions.after_choices, " ;;\n");
          break;
        case ValueKind::kFile:
          absl::StrAppend(&text, branch, actions.file, " ;;\n");
      }
    }
  }
  return text;
}

std::string Quoted(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

}  // namespace strata::cli
