// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/parse.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "client/cli/console.h"
#include "client/cli/failure.h"
#include "client/cli/options.h"

namespace strata::cli {
namespace {

constexpr const char* kFooter =
    "Exit codes: 0 done (health: SERVING); 1 the server answered with an "
    "error (health: not\nserving); 2 the command line or a file is wrong; 3 no "
    "answer: the server cannot be\nreached, or --timeout passed.";

// CLI11 reads "[a, b]" as a list and "++" as the end of a subcommand; a text
// may be either. A leading mark hides them, and is taken off afterwards.
constexpr char kMark = '\x02';

std::string Marked(const std::string& arg) {
  const bool list = absl::StartsWith(arg, "[") && absl::EndsWith(arg, "]");
  const bool hides = list || arg == "++" || absl::StartsWith(arg, "\x02");
  return hides ? absl::StrCat(std::string(1, kMark), arg) : arg;
}

std::string Unmarked(std::string arg) {
  return !arg.empty() && arg[0] == kMark ? arg.substr(1) : arg;
}

// Everything that parsing fills.
struct Parsed {
  std::string server = Invocation{}.server;
  double timeout_seconds = 30;
  std::string format = "table";
  ConnectionOptions connection;
  EncodeCommand encode;
  TokenizeCommand tokenize;
  ModelsCommand models;
  HealthCommand health;
  TopCommand top;
};

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

// The texts are read from the option's results, not through CLI11's conversion,
// which takes "{}" for an empty list.
CLI::Option* AddTexts(CLI::App& app, TextSource& source) {
  AddString(app, "--file", source.file,
            "Read one text for each line of this file; - is standard input");
  return app
      .add_option("texts", source.texts,
                  "Texts; - alone reads one for each line of standard input. "
                  "Put -- before texts that begin with a dash")
      ->type_name("TEXT");
}

CLI::Option* AddEncode(CLI::App& app, EncodeCommand& encode) {
  CLI::Option* texts = AddTexts(app, encode.source);
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
  AddString(app, "--output", encode.output,
            "Write to this file instead of standard output. With --format npy "
            "and several texts: a folder, or a path with %d for the text's "
            "index (from 0)");
  return texts;
}

CLI::App* AddCommand(CLI::App& app, const std::string& name,
                     const std::string& help) {
  return app.add_subcommand(name, help)->fallthrough()->footer(kFooter);
}

void AddGlobals(CLI::App& app, Parsed& parsed) {
  AddString(app, "--server", parsed.server, "HOST:PORT of the server")
      ->envname("STRATA_SERVER")
      ->capture_default_str();
  app.add_option("--timeout", parsed.timeout_seconds,
                 "Seconds that a call may take, retries included")
      ->check(Positive())
      ->capture_default_str();
  AddChoice(app, "--format", parsed.format, {"table", "json", "npy"},
            "table for people, json for programs, npy (encode only) for NumPy");
}

void AddConnection(CLI::App& app, ConnectionOptions& connection) {
  app.add_flag("--tls", connection.tls,
               "Encrypt, and trust the authorities that this system does");
  AddString(app, "--tls-ca", connection.tls_ca,
            "Encrypt, and trust the authorities in this file (PEM)")
      ->envname("STRATA_TLS_CA");
  AddString(app, "--tls-certificate", connection.tls_certificate,
            "Encrypt, and show this certificate (PEM), for servers that ask");
  AddString(app, "--tls-key", connection.tls_key,
            "The private key (PEM) of --tls-certificate");
  AddString(app, "--token-file", connection.token_file,
            "File that holds the token to send; or set STRATA_TOKEN to the "
            "token itself, which no list of processes shows")
      ->envname("STRATA_TOKEN_FILE");
  app.add_flag("--token-on-plaintext", connection.token_on_plaintext,
               "Send the token unencrypted to another machine, too");
}

// Where the texts of a command are, once parsed.
struct TextOptions {
  const CLI::Option* encode = nullptr;
  const CLI::Option* tokenize = nullptr;
};

TextOptions AddCommands(CLI::App& app, Parsed& parsed) {
  TextOptions options;
  CLI::App* encode = AddCommand(app, "encode", "Texts to hidden states");
  options.encode = AddEncode(*encode, parsed.encode);
  CLI::App* tokenize = AddCommand(app, "tokenize", "Texts to pieces");
  options.tokenize = AddTexts(*tokenize, parsed.tokenize.source);
  AddModel(*tokenize, parsed.tokenize.model);
  AddPieceOptions(*tokenize, parsed.tokenize.pieces,
                  "a text may be of any length");
  CLI::App* models = AddCommand(
      app, "models", "What the server has; with a name, all about that model");
  AddString(*models, "name", parsed.models.model.name, "Name of a model");
  AddVersion(*models, parsed.models.model);
  CLI::App* health =
      AddCommand(app, "health", "Whether the server, or a model, is serving");
  AddString(*health, "service", parsed.health.service,
            "Name of a model; default: the server as a whole");
  CLI::App* top = AddCommand(
      app, "top", "What the server does, each second, from its metrics");
  AddString(*top, "--metrics", parsed.top.metrics,
            "HOST:PORT of the server's --metrics-listen; --server has no say")
      ->capture_default_str();
  top->add_flag("--once", parsed.top.once,
                "One look at all since the server started, then exit");
  return options;
}

// What CLI11 cannot check; empty: nothing is wrong.
std::string Mistake(const CLI::App& app, const Parsed& parsed) {
  const bool url = absl::StrContains(parsed.server, "/");
  if (!url && !absl::StrContains(parsed.server, ":")) {
    return absl::StrCat("--server is \"", parsed.server,
                        "\"; expected HOST:PORT, as 127.0.0.1:50051");
  }
  if (app.get_subcommands().empty()) {
    return "a command is missing; expected encode, tokenize, models, health or "
           "top";
  }
  if (parsed.format != "table" && app.got_subcommand("top")) {
    return absl::StrCat("--format ", parsed.format,
                        " is not for top; programs read the metrics' own "
                        "address");
  }
  if (parsed.format == "npy" && !app.got_subcommand("encode")) {
    return "--format npy is for encode only; use table or json";
  }
  const ModelChoice& model = parsed.models.model;
  if (model.name.empty() &&
      (model.version != 0 || !model.version_label.empty())) {
    return absl::StrCat(
        model.version != 0 ? "--model-version" : "--version-label",
        " needs the name of a model before it");
  }
  return "";
}

std::vector<std::string> Texts(const CLI::Option& option) {
  std::vector<std::string> texts = option.results();
  std::ranges::transform(texts, texts.begin(), Unmarked);
  return texts;
}

Format FormatOf(absl::string_view name) {
  if (name == "json") return Format::kJson;
  return name == "npy" ? Format::kNpy : Format::kTable;
}

Invocation InvocationOf(const CLI::App& app, Parsed parsed) {
  Invocation invocation{
      .server = std::move(parsed.server),
      .timeout = absl::Seconds(parsed.timeout_seconds),
      .format = FormatOf(parsed.format),
      .connection = std::move(parsed.connection),
  };
  // Not an option: a command line can be read by others on the machine.
  if (const char* const token = std::getenv("STRATA_TOKEN")) {
    invocation.connection.token = token;
  }
  if (app.got_subcommand("encode")) {
    invocation.command = std::move(parsed.encode);
  } else if (app.got_subcommand("tokenize")) {
    invocation.command = std::move(parsed.tokenize);
  } else if (app.got_subcommand("models")) {
    invocation.command = std::move(parsed.models);
  } else if (app.got_subcommand("health")) {
    invocation.command = std::move(parsed.health);
  } else {
    invocation.command = std::move(parsed.top);
  }
  return invocation;
}

}  // namespace

std::variant<Invocation, ExitCode> Parse(const std::vector<std::string>& args,
                                         const Console& console) {
  CLI::App app("Asks a Strata server for the hidden states of its models.",
               "strata");
  app.require_subcommand(0, 1);  // None is told of below, with its name.
  app.footer(kFooter);
  Parsed parsed;
  AddGlobals(app, parsed);
  AddConnection(app, parsed.connection);
  const TextOptions texts = AddCommands(app, parsed);

  // CLI11 takes the arguments last first.
  std::vector<std::string> reversed(args.size());
  std::ranges::transform(args, reversed.rbegin(), Marked);
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::Success& help) {
    app.exit(help, console.out, console.err);
    return kOk;
  } catch (const CLI::ParseError& error) {
    const bool extras =
        dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr &&
        !app.get_subcommands().empty();
    console.err << "strata: " << absl::StripSuffix(error.what(), ".") << ". "
                << (extras ? "Texts that begin with a dash go after --. " : "")
                << "`strata --help` and `strata COMMAND --help` tell more.\n";
    return kUsage;
  }
  if (const std::string mistake = Mistake(app, parsed); !mistake.empty()) {
    console.err << "strata: " << mistake << ".\n";
    return kUsage;
  }
  parsed.encode.source.texts = Texts(*texts.encode);
  parsed.tokenize.source.texts = Texts(*texts.tokenize);
  return InvocationOf(app, std::move(parsed));
}

}  // namespace strata::cli
