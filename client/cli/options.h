// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_OPTIONS_H_
#define STRATA_CLIENT_CLI_OPTIONS_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "client/cli/colour.h"

// What a command line asks for, as parsed; strings are still as typed where the
// server or a command judges them.
namespace strata::cli {

// The last two are of encode alone.
enum class Format : std::uint8_t { kTable, kJson, kJsonl, kNpy };

// Each of --concurrency has a thread.
constexpr int kMostConcurrency = 256;

// Which model; the defaults leave it to the server.
struct ModelChoice {
  std::string name;
  std::int64_t version = 0;
  std::string version_label;
};

// Texts as arguments, or one for each line of a file.
struct TextSource {
  // One that is "-" alone: standard input.
  std::vector<std::string> texts;
  // Empty: none. "-": standard input.
  std::string file;
};

// What `encode` and `tokenize` share: how a text becomes pieces.
struct PieceOptions {
  // Empty: left to the server, for which it is not the same in both.
  std::string truncation;
  // 0: the model's limit.
  std::int32_t max_pieces = 0;
  bool no_special_pieces = false;
  // Name of one of the model's prompts. Empty: none.
  std::string prompt;
  // Second text of each pair. Empty: none.
  std::string pair;
};

struct EncodeCommand {
  ModelChoice model;
  TextSource source;
  PieceOptions pieces;
  // Indices separated by commas, or "all". Empty: the last.
  std::string layers;
  // Logits in place of layers.
  bool logits = false;
  std::string pooling = "none";
  bool normalize = false;
  // 0: all.
  std::int32_t dimensions = 0;
  std::string dtype = "float32";
  bool return_pieces = false;
  std::int32_t priority = 0;
  // A path; with npy, see NpyPaths. Empty: standard output.
  std::string output;
  // Texts of a request at most, and requests under way at most.
  int batch_size = 32;
  int concurrency = 8;
  // Whether a text that is refused counts as failed, and does not end the run.
  bool keep_going = false;
  // No progress, even on a terminal.
  bool quiet = false;
};

struct TokenizeCommand {
  ModelChoice model;
  TextSource source;
  PieceOptions pieces;
};

struct ModelsCommand {
  // Empty name: list them all.
  ModelChoice model;
};

struct HealthCommand {
  // A model's name. Empty: the server as a whole.
  std::string service;
};

struct TopCommand {
  // HOST:PORT of the server's --metrics-listen.
  std::string metrics = "127.0.0.1:9464";
  // One look, not one each second.
  bool once = false;
};

// How to connect, and as whom. Paths are empty where they were not given.
struct ConnectionOptions {
  // Encrypts, and trusts the system's authorities; a file below implies it.
  bool tls = false;
  std::string tls_ca;
  std::string tls_certificate;
  std::string tls_key;
  std::string token_file;
  // As STRATA_TOKEN says; empty: not at all. `token_file` wins.
  std::string token;
  bool token_on_plaintext = false;
};

struct Invocation {
  std::string server = "127.0.0.1:50051";
  absl::Duration timeout = absl::Seconds(30);
  Format format = Format::kTable;
  ColourChoice colours = ColourChoice::kAuto;
  ConnectionOptions connection;
  std::variant<EncodeCommand, TokenizeCommand, ModelsCommand, HealthCommand,
               TopCommand>
      command;
};

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_OPTIONS_H_
