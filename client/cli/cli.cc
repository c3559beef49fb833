// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/cli.h"

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/cli/colour.h"
#include "client/cli/commands.h"
#include "client/cli/connection.h"
#include "client/cli/console.h"
#include "client/cli/failure.h"
#include "client/cli/options.h"
#include "client/cli/output.h"
#include "client/cli/parse.h"
#include "client/cli/texts.h"
#include "client/cli/top.h"
#include "strata/client.h"

namespace strata::cli {
namespace {

absl::Status CheckNames(absl::string_view what, const ModelChoice& model) {
  absl::Status status = CheckUtf8(what, model.name);
  if (!status.ok()) return status;
  return CheckUtf8("--version-label", model.version_label);
}

// Runs the command that the variant holds, its names checked first.
struct Dispatch {
  Client& client;
  Format format;
  absl::Duration timeout;
  const Console& console;

  absl::Status operator()(const EncodeCommand& command) const {
    const auto status = CheckNames("--model", command.model);
    return status.ok() ? RunEncode(client, command, format, console) : status;
  }
  absl::Status operator()(const TokenizeCommand& command) const {
    const auto status = CheckNames("--model", command.model);
    return status.ok() ? RunTokenize(client, command, format, console) : status;
  }
  absl::Status operator()(const ModelsCommand& command) const {
    const auto status = CheckNames("the model's name", command.model);
    return status.ok() ? RunModels(client, command, format, console) : status;
  }
  absl::Status operator()(const HealthCommand& command) const {
    const auto status = CheckUtf8("the service's name", command.service);
    return status.ok() ? RunHealth(client, command, format, console) : status;
  }
  absl::Status operator()(const TopCommand& command) const {
    return RunTop(command, timeout, console);
  }
};

absl::Status Run(const Invocation& invocation, const Console& console) {
  auto options = ClientOptionsFor(invocation);
  if (!options.ok()) return options.status();
  const auto client = Client::Create(*std::move(options));
  if (!client.ok()) return UsageError(client.status().message());
  return std::visit(Dispatch{.client = **client,
                             .format = invocation.format,
                             .timeout = invocation.timeout,
                             .console = console},
                    invocation.command);
}

void SetColours(ColourChoice choice, Console& console) {
  console.out_colours = UsesColours(choice, console.out_is_terminal);
  console.err_colours = UsesColours(choice, console.err_is_terminal);
}

}  // namespace

int RunCli(const std::vector<std::string>& args, const Console& console) {
  Console coloured = console;
  // Until it is known what --color says.
  SetColours(ColourChoice::kAuto, coloured);
  const auto parsed = Parse(args, coloured);
  if (const auto* code = std::get_if<ExitCode>(&parsed)) return *code;
  const auto& invocation = std::get<Invocation>(parsed);
  SetColours(invocation.colours, coloured);
  const absl::Status status = Run(invocation, coloured);
  // As a filter ends whose reader has seen enough.
  if (!status.ok() && ExitCodeOf(status) != kReaderGone) {
    const auto* top = std::get_if<TopCommand>(&invocation.command);
    const Place place =
        top == nullptr ? Place{.address = invocation.server}
                       : Place{.address = top->metrics, .option = "--metrics"};
    Complain(coloured, Explain(status, place, invocation.timeout));
  }
  return ExitCodeOf(status);
}

}  // namespace strata::cli
