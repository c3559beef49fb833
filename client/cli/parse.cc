// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/parse.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "client/cli/app.h"
#include "client/cli/colour.h"
#include "client/cli/completion.h"
#include "client/cli/console.h"
#include "client/cli/failure.h"
#include "client/cli/options.h"
#include "client/cli/output.h"

namespace strata::cli {
namespace {

// What CLI11 cannot check; empty: nothing is wrong.
std::string Mistake(const CLI::App& app, const Arguments& arguments) {
  const bool url = absl::StrContains(arguments.server, "/");
  if (!url && !absl::StrContains(arguments.server, ":")) {
    return absl::StrCat("--server is \"", arguments.server,
                        "\"; expected HOST:PORT, as 127.0.0.1:50051");
  }
  if (app.get_subcommands().empty()) {
    return "a command is missing; expected encode, tokenize, models, health, "
           "top or completion";
  }
  if (arguments.format != "table" && app.got_subcommand("top")) {
    return absl::StrCat("--format ", arguments.format,
                        " is not for top; programs read the metrics' own "
                        "address");
  }
  const bool of_encode =
      arguments.format == "npy" || arguments.format == "jsonl";
  if (of_encode && !app.got_subcommand("encode")) {
    return absl::StrCat("--format ", arguments.format,
                        " is for encode only; use table or json");
  }
  const ModelChoice& model = arguments.models.model;
  if (model.name.empty() &&
      (model.version != 0 || !model.version_label.empty())) {
    return absl::StrCat(
        model.version != 0 ? "--model-version" : "--version-label",
        " needs the name of a model before it");
  }
  return "";
}

std::vector<std::string> TextsOf(const CLI::App& command) {
  std::vector<std::string> texts = command.get_option("texts")->results();
  std::ranges::transform(texts, texts.begin(), Unmarked);
  return texts;
}

Format FormatOf(absl::string_view name) {
  if (name == "json") return Format::kJson;
  if (name == "jsonl") return Format::kJsonl;
  return name == "npy" ? Format::kNpy : Format::kTable;
}

ColourChoice ColourChoiceOf(absl::string_view name) {
  if (name == "always") return ColourChoice::kAlways;
  return name == "never" ? ColourChoice::kNever : ColourChoice::kAuto;
}

Invocation InvocationOf(const CLI::App& app, Arguments arguments) {
  Invocation invocation{
      .server = std::move(arguments.server),
      .timeout = absl::Seconds(arguments.timeout_seconds),
      .format = FormatOf(arguments.format),
      .colours = ColourChoiceOf(arguments.color),
      .connection = std::move(arguments.connection),
  };
  // Not an option: a command line can be read by others on the machine.
  if (const char* const token = std::getenv("STRATA_TOKEN")) {
    invocation.connection.token = token;
  }
  if (app.got_subcommand("encode")) {
    invocation.command = std::move(arguments.encode);
  } else if (app.got_subcommand("tokenize")) {
    invocation.command = std::move(arguments.tokenize);
  } else if (app.got_subcommand("models")) {
    invocation.command = std::move(arguments.models);
  } else if (app.got_subcommand("health")) {
    invocation.command = std::move(arguments.health);
  } else {
    invocation.command = std::move(arguments.top);
  }
  return invocation;
}

}  // namespace

std::variant<Invocation, ExitCode> Parse(const std::vector<std::string>& args,
                                         const Console& console) {
  Arguments arguments;
  const std::unique_ptr<CLI::App> app = MakeApp(arguments);

  // CLI11 takes the arguments last first.
  std::vector<std::string> reversed(args.size());
  std::ranges::transform(args, reversed.rbegin(), Marked);
  try {
    app->parse(std::move(reversed));
  } catch (const CLI::Success& help) {
    app->exit(help, console.out, console.err);
    return kOk;
  } catch (const CLI::ParseError& error) {
    const bool extras =
        dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr &&
        !app->get_subcommands().empty();
    Complain(
        console,
        absl::StrCat(absl::StripSuffix(error.what(), "."), ". ",
                     extras ? "Texts that begin with a dash go after --. " : "",
                     "`strata --help` and `strata COMMAND --help` tell more."));
    return kUsage;
  }
  if (const std::string mistake = Mistake(*app, arguments); !mistake.empty()) {
    Complain(console, absl::StrCat(mistake, "."));
    return kUsage;
  }
  if (app->got_subcommand("completion")) {
    return ExitCodeOf(
        Write("", CompletionOf(arguments.shell, StrataShape()), console));
  }
  arguments.encode.source.texts = TextsOf(*app->get_subcommand("encode"));
  arguments.tokenize.source.texts = TextsOf(*app->get_subcommand("tokenize"));
  return InvocationOf(*app, std::move(arguments));
}

}  // namespace strata::cli
