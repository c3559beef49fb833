// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/app.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/cli/options.h"

namespace strata::cli {
namespace {

constexpr const char* kFooter =
    "Exit codes: 0 done (health: SERVING); 1 the server answered with an "
    "error (health: not\nserving); 2 the command line or a file is wrong; 3 no "
    "answer: the server cannot be\nreached, or --timeout passed; 4 done, but "
    "some texts failed (encode); 130 interrupted by\nCtrl-C, with what was "
    "finished written; 141 as by SIGPIPE: nobody reads the output.";

// A leading one hides what CLI11 would read otherwise.
constexpr char kMark = '\x02';

// In place of CLI11's own, whose message spells out the largest double.
const CLI::Validator& Positive() {
  static const CLI::Validator validator(
      [](const std::string& text) -> std::string {
        double value = 0;
        if (absl::SimpleAtod(text, &value) && value > 0) return "";
        return absl::StrCat("\"", text, "\"; expected a number above zero");
      },
      "POSITIVE");
  return validator;
}

CLI::Option* AddString(CLI::App& app, const std::string& name,
                       std::string& value, const std::string& help) {
  return app.add_option(name, value, help)->transform(Unmarked);
}

// Completion offers files for it.
CLI::Option* AddFile(CLI::App& app, const std::string& name, std::string& value,
                     const std::string& help) {
  return AddString(app, name, value, help)->type_name("FILE");
}

void AddChoice(CLI::App& app, const std::string& name, std::string& value,
               const std::vector<std::string>& choices,
               const std::string& help) {
  app.add_option(name, value, help)
      ->check(CLI::IsMember(choices))
      ->capture_default_str();
}

void AddVersion(CLI::App& app, ModelChoice& model) {
  CLI::Option* version =
      app.add_option("--model-version", model.version,
                     "Version of the model; default: the newest that is ready")
          ->check(Positive());
  AddString(app, "--version-label", model.version_label,
            "Version of the model by its label, as stable")
      ->excludes(version);
}

void AddModel(CLI::App& app, ModelChoice& model) {
  AddString(app, "--model", model.name,
            "Name of the model; needed where the server has several");
  AddVersion(app, model);
}

// `unset` says what happens to long texts where --truncation is not given.
void AddPieceOptions(CLI::App& app, PieceOptions& pieces,
                     const std::string& unset) {
  app.add_option("--truncation", pieces.truncation,
                 absl::StrCat("Where a text that is too long is cut; none: it "
                              "is an error. Default: ",
                              unset))
      ->check(CLI::IsMember({"none", "left", "right"}));
  app.add_option("--max-pieces", pieces.max_pieces,
                 "Longest text in pieces; default: the model's limit")
      ->check(Positive());
  app.add_flag("--no-special-pieces", pieces.no_special_pieces,
               "Leave out pieces that the tokenizer adds, as [CLS]");
  AddString(app, "--prompt", pieces.prompt,
            "Name of the model's prompt to put in front of each text; `strata "
            "models NAME` lists them");
  AddString(app, "--pair", pieces.pair,
            "Second text that each text is paired with, for pair encoders");
}

// Parse reads the texts from the option's results, not through CLI11's
// conversion, which takes "{}" for an empty list.
void AddTexts(CLI::App& app, TextSource& source) {
  AddFile(app, "--file", source.file,
          "Read one text for each line of this file; - is standard input");
  app.add_option("texts", source.texts,
                 "Texts; - alone reads one for each line of standard input. "
                 "Put -- before texts that begin with a dash")
      ->type_name("TEXT");
}

// How the texts of a long input are sent.
void AddRun(CLI::App& app, EncodeCommand& encode) {
  app.add_option("--batch-size", encode.batch_size,
                 "Most texts of a request; of a pipe, those that are there")
      ->check(Positive())
      ->capture_default_str();
  app.add_option("--concurrency", encode.concurrency,
                 "Most requests under way at once")
      ->check(CLI::Range(1, kMostConcurrency))
      ->capture_default_str();
  app.add_flag("--keep-going", encode.keep_going,
               "Count a text that is refused, as one that is too long, as "
               "failed and go on, in place of stopping there");
  app.add_flag("--quiet", encode.quiet,
               "Show no progress where standard error is a terminal");
}

void AddEncode(CLI::App& app, EncodeCommand& encode) {
  AddTexts(app, encode.source);
  AddModel(app, encode.model);
  AddString(app, "--layers", encode.layers,
            "Layers, as 0,-1: 0 is the embedding output, negative counts from "
            "the end; or all. Default: the last");
  app.add_flag("--logits", encode.logits,
               "Scores over the vocabulary in place of layers, of a model that "
               "has them")
      ->excludes(app.get_option("--layers"));
  AddChoice(app, "--pooling", encode.pooling,
            {"none", "mean", "first", "last", "max"},
            "How the pieces of a text become one vector for each layer");
  app.add_flag("--normalize", encode.normalize,
               "Divide each vector by its L2 norm");
  app.add_option("--dimensions", encode.dimensions,
                 "Only the first channels of each vector; default: all")
      ->check(Positive());
  AddChoice(app, "--dtype", encode.dtype, {"float32", "float16", "bfloat16"},
            "Type of the returned numbers; in .npy bfloat16 is widened to "
            "float32, NumPy has no such type");
  AddPieceOptions(app, encode.pieces, "none");
  app.add_flag("--pieces", encode.return_pieces, "Also return the pieces");
  app.add_option("--priority", encode.priority,
                 "Higher goes first in the server's queue")
      ->capture_default_str();
  AddFile(app, "--output", encode.output,
          "Write to this file instead of standard output. With --format npy "
          "and several texts: a folder, or a path with %d for the text's "
          "index (from 0)");
  AddRun(app, encode);
}

CLI::App* AddCommand(CLI::App& app, const std::string& name,
                     const std::string& help) {
  return app.add_subcommand(name, help)->fallthrough()->footer(kFooter);
}

void AddGlobals(CLI::App& app, Arguments& arguments) {
  AddString(app, "--server", arguments.server, "HOST:PORT of the server")
      ->envname("STRATA_SERVER")
      ->capture_default_str();
  app.add_option("--timeout", arguments.timeout_seconds,
                 "Seconds that a call may take, retries included")
      ->check(Positive())
      ->capture_default_str();
  AddChoice(app, "--format", arguments.format,
            {"table", "json", "jsonl", "npy"},
            "table for people; json for programs; of encode also jsonl, an "
            "object for each text as soon as it is there, and npy for NumPy");
  AddChoice(app, "--color", arguments.color, {"auto", "always", "never"},
            "Colours; auto: on a terminal, unless NO_COLOR is set or TERM is "
            "dumb");
}

void AddConnection(CLI::App& app, ConnectionOptions& connection) {
  app.add_flag("--tls", connection.tls,
               "Encrypt, and trust the authorities that this system does");
  AddFile(app, "--tls-ca", connection.tls_ca,
          "Encrypt, and trust the authorities in this file (PEM)")
      ->envname("STRATA_TLS_CA");
  // STRATA_TLS_CERTIFICATE and STRATA_TLS_KEY are the server's: what is run
  // beside it, as a container's health check, inherits them.
  AddFile(app, "--tls-certificate", connection.tls_certificate,
          "Encrypt, and show this certificate (PEM), for servers that ask")
      ->envname("STRATA_TLS_CLIENT_CERTIFICATE");
  AddFile(app, "--tls-key", connection.tls_key,
          "The private key (PEM) of --tls-certificate")
      ->envname("STRATA_TLS_CLIENT_KEY");
  AddFile(app, "--token-file", connection.token_file,
          "File that holds the token to send; or set STRATA_TOKEN to the "
          "token itself, which no list of processes shows")
      ->envname("STRATA_TOKEN_FILE");
  app.add_flag("--token-on-plaintext", connection.token_on_plaintext,
               "Send the token unencrypted to another machine, too");
}

void AddCommands(CLI::App& app, Arguments& arguments) {
  AddEncode(*AddCommand(app, "encode", "Texts to hidden states"),
            arguments.encode);
  CLI::App* tokenize = AddCommand(app, "tokenize", "Texts to pieces");
  AddTexts(*tokenize, arguments.tokenize.source);
  AddModel(*tokenize, arguments.tokenize.model);
  AddPieceOptions(*tokenize, arguments.tokenize.pieces,
                  "a text may be of any length");
  CLI::App* models = AddCommand(
      app, "models", "What the server has; with a name, all about that model");
  AddString(*models, "name", arguments.models.model.name, "Name of a model");
  AddVersion(*models, arguments.models.model);
  CLI::App* health =
      AddCommand(app, "health", "Whether the server, or a model, is serving");
  AddString(*health, "service", arguments.health.service,
            "Name of a model; default: the server as a whole");
  CLI::App* top = AddCommand(
      app, "top", "What the server does, each second, from its metrics");
  AddString(*top, "--metrics", arguments.top.metrics,
            "HOST:PORT of the server's --metrics-listen; --server has no say")
      ->capture_default_str();
  top->add_flag("--once", arguments.top.once,
                "One look at all since the server started, then exit");
  CLI::App* completion = AddCommand(
      app, "completion",
      "A script that completes this command line in a shell, for bash: "
      "source <(strata completion bash)");
  completion->add_option("shell", arguments.shell, "Which shell")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}))
      ->required();
}

}  // namespace

std::string Marked(const std::string& arg) {
  const bool list = absl::StartsWith(arg, "[") && absl::EndsWith(arg, "]");
  const bool hides = list || arg == "++" || absl::StartsWith(arg, "\x02");
  return hides ? absl::StrCat(std::string(1, kMark), arg) : arg;
}

std::string Unmarked(std::string arg) {
  return !arg.empty() && arg[0] == kMark ? arg.substr(1) : arg;
}

std::unique_ptr<CLI::App> MakeApp(Arguments& arguments) {
  auto app = std::make_unique<CLI::App>(
      "Asks a Strata server for the hidden states of its models.", "strata");
  app->require_subcommand(0, 1);  // Parse says which ones there are.
  app->footer(kFooter);
  AddGlobals(*app, arguments);
  AddConnection(*app, arguments.connection);
  AddCommands(*app, arguments);
  return app;
}

}  // namespace strata::cli
