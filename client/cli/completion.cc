// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/completion.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "client/cli/app.h"

namespace strata::cli {
namespace {

// Of "TEXT:{table,json}", as CLI11 describes a value that is one of a few.
std::vector<std::string> ChoicesOf(absl::string_view type) {
  const auto begin = type.find('{');
  const auto end = type.rfind('}');
  if (begin == absl::string_view::npos || end == absl::string_view::npos) {
    return {};
  }
  return absl::StrSplit(type.substr(begin + 1, end - begin - 1), ',');
}

OptionShape ShapeOf(const CLI::Option& option) {
  OptionShape shape = {.help = option.get_description(),
                       .choices = ChoicesOf(option.get_type_name())};
  for (const auto& name : option.get_snames()) {
    shape.names.push_back(absl::StrCat("-", name));
  }
  for (const auto& name : option.get_lnames()) {
    shape.names.push_back(absl::StrCat("--", name));
  }
  if (option.get_items_expected_max() == 0) {
    shape.value = ValueKind::kNone;
  } else if (!shape.choices.empty()) {
    shape.value = ValueKind::kChoice;
  } else {
    shape.value =
        option.get_type_name() == "FILE" ? ValueKind::kFile : ValueKind::kAny;
  }
  return shape;
}

CommandShape ShapeOf(const CLI::App& command) {
  CommandShape shape = {.name = command.get_name(),
                        .help = command.get_description()};
  for (const CLI::Option* option : command.get_options()) {
    const OptionShape found = ShapeOf(*option);
    if (option->nonpositional()) {
      shape.options.push_back(found);
    } else {
      shape.choices = found.choices;
    }
  }
  return shape;
}

}  // namespace

ProgramShape StrataShape() {
  Arguments arguments;
  const std::unique_ptr<const CLI::App> app = MakeApp(arguments);
  ProgramShape program = {.options = ShapeOf(*app).options};
  for (const CLI::App* command : app->get_subcommands({})) {
    program.commands.push_back(ShapeOf(*command));
  }
  return program;
}

std::string CompletionOf(absl::string_view shell, const ProgramShape& program) {
  if (shell == "bash") return BashCompletion(program);
  return shell == "zsh" ? ZshCompletion(program) : FishCompletion(program);
}

}  // namespace strata::cli
