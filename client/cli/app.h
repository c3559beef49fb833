// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_APP_H_
#define STRATA_CLIENT_CLI_APP_H_

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "client/cli/options.h"

namespace strata::cli {

// What the options of a command line are filled into.
struct Arguments {
  std::string server = Invocation{}.server;
  double timeout_seconds = 30;
  std::string format = "table";
  std::string color = "auto";
  ConnectionOptions connection;
  // The texts of these two stay in CLI11's options; see Parse.
  EncodeCommand encode;
  TokenizeCommand tokenize;
  ModelsCommand models;
  HealthCommand health;
  TopCommand top;
  // For `completion`.
  std::string shell;
};

// Every command and option of `strata`, with their help. Parsing fills
// `arguments`, which must outlive it; they have their defaults before.
std::unique_ptr<CLI::App> MakeApp(Arguments& arguments);

// CLI11 reads "[a, b]" as a list and "++" as the end of a subcommand; a text
// may be either. A leading mark hides them, and is taken off afterwards; of
// options' values, by MakeApp's own options.
std::string Marked(const std::string& arg);
std::string Unmarked(std::string arg);

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_APP_H_
