// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// strata-bench-load: a client that is light enough to share a machine with the
// server that it loads. It sends requests that are made beforehand, parses no
// answer while it measures, and prints one JSON object about the run.

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/status_macros.h"
#include "tests/bench/echo_server.h"
#include "tests/bench/load_runs.h"
#include "tests/bench/requests.h"
#include "tests/bench/tally.h"
#include "tests/bench/texts.h"

namespace strata::bench {
namespace {

constexpr const char* kEncode = "/strata.v1.HiddenStateService/Encode";

struct Flags {
  LoadOptions options = {.method = kEncode};
  RequestForm form;
  std::string texts;
  std::string probes;
  std::int64_t echo_bytes = -1;
  int in_flight = 1;
  int rounds = 1;
  double rate = 1;
  double drain_seconds = 10;
  double pause_seconds = 0.1;
  std::uint32_t seed = 1;
};

absl::StatusOr<std::vector<Request>> Prepare(const std::string& file,
                                             const RequestForm& form) {
  STRATA_ASSIGN_OR_RETURN(const std::vector<Text> texts, ReadTexts(file));
  return MakeRequests(texts, form);
}

absl::StatusOr<std::vector<Request>> PrepareAll(Flags& flags) {
  if (flags.echo_bytes < 0) return Prepare(flags.texts, flags.form);
  flags.options.method = kEchoMethod;
  std::vector<Request> requests;
  requests.push_back(MakeEchoRequest(flags.echo_bytes));
  return requests;
}

absl::StatusOr<Json> Run(const std::string& kind, Flags& flags) {
  STRATA_ASSIGN_OR_RETURN(const auto requests, PrepareAll(flags));
  if (kind == "closed") {
    return RunClosed(requests, flags.options, flags.in_flight);
  }
  if (kind == "open") {
    return RunOpen(requests, flags.options, flags.rate, flags.seed,
                   flags.drain_seconds);
  }
  STRATA_ASSIGN_OR_RETURN(const auto probes, Prepare(flags.probes, flags.form));
  return RunAfterCancel(requests, probes, flags.options, flags.rounds,
                        flags.pause_seconds);
}

void AddCommon(CLI::App& app, Flags& flags) {
  app.add_option("--server", flags.options.address, "HOST:PORT.")->required();
  app.add_option("--texts", flags.texts, "File of texts and their ids.");
  app.add_option("--model", flags.form.model, "Name of the model.");
  app.add_option("--layers", flags.form.layers, "Layers to ask for.")
      ->delimiter(',');
  app.add_option("--inputs", flags.form.inputs, "Texts of a request.")
      ->check(CLI::PositiveNumber);
  app.add_option("--width", flags.form.width,
                 "Of the model: then short answers are noticed.");
  app.add_flag("--ids", flags.form.as_ids, "Send piece ids, not text.");
  app.add_flag("!--every-piece", flags.form.mean,
               "Ask for every piece, not for the mean.");
  app.add_option("--connections", flags.options.connections)
      ->check(CLI::PositiveNumber);
  app.add_option("--server-pid", flags.options.server,
                 "Process whose CPU time and memory are told.");
}

void AddTimed(CLI::App& app, Flags& flags) {
  AddCommon(app, flags);
  app.add_option("--echo-bytes", flags.echo_bytes,
                 "Ask an echo server for answers of this size instead.");
  app.add_option("--warm-up", flags.options.warm_up_seconds, "Seconds.");
  app.add_option("--seconds", flags.options.seconds, "Seconds.")->required();
  app.add_option("--classes", flags.options.classes,
                 "Most pieces of each length class.")
      ->delimiter(',');
  app.add_flag("--work", flags.options.with_work,
               "Tell what the forwards computed.");
}

void AddRuns(CLI::App& app, Flags& flags) {
  app.add_subcommand("echo-server", "Answer with ready buffers.");
  CLI::App* closed = app.add_subcommand("closed", "So many in flight.");
  AddTimed(*closed, flags);
  closed->add_option("--in-flight", flags.in_flight)
      ->check(CLI::PositiveNumber);
  CLI::App* open = app.add_subcommand("open", "So many a second.");
  AddTimed(*open, flags);
  open->add_option("--rate", flags.rate)->check(CLI::PositiveNumber);
  open->add_option("--seed", flags.seed);
  open->add_option("--drain", flags.drain_seconds, "Seconds.");
  CLI::App* cancel = app.add_subcommand(
      "after-cancel", "A short text right after long ones were cancelled.");
  AddCommon(*cancel, flags);
  cancel->add_option("--probes", flags.probes, "File of short texts.")
      ->required();
  cancel->add_option("--rounds", flags.rounds)->check(CLI::PositiveNumber);
  cancel->add_option("--pause", flags.pause_seconds,
                     "Seconds from sending to cancelling.");
}

int RunAndTell(const std::string& kind, Flags& flags) {
  if (kind == "echo-server") {
    const absl::Status status = RunEchoServer();
    if (status.ok()) return EXIT_SUCCESS;
    std::cerr << "strata-bench-load: " << status.message() << "\n";
    return EXIT_FAILURE;
  }
  const absl::StatusOr<Json> json = Run(kind, flags);
  if (!json.ok()) {
    std::cerr << "strata-bench-load: " << json.status().message() << "\n";
    return EXIT_FAILURE;
  }
  std::cout << json->dump() << "\n";
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace strata::bench

namespace {

int Main(int argc, char** argv) {
  strata::bench::Flags flags;
  CLI::App app("Loads a server with requests and tells how it did.",
               "strata-bench-load");
  app.require_subcommand(1);
  strata::bench::AddRuns(app, flags);
  CLI11_PARSE(app, argc, argv);
  return strata::bench::RunAndTell(app.get_subcommands().front()->get_name(),
                                   flags);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Main(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "strata-bench-load: " << error.what() << "\n";
    return EXIT_FAILURE;
  }
}
