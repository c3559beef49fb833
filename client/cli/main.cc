// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include <sys/ioctl.h>
#include <unistd.h>

#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "client/cli/cli.h"
#include "client/cli/console.h"
#include "client/cli/failure.h"

namespace {

// Columns of the terminal behind standard output; 100 where there is none.
int TerminalWidth() {
  winsize size = {};
  // NOLINTNEXTLINE(*-vararg): ioctl is what there is.
  const int failed = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
  return failed == 0 && size.ws_col > 0 ? size.ws_col : 100;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> args(argv + 1, argv + argc);
    return strata::cli::RunCli(args,
                               {.in = std::cin,
                                .out = std::cout,
                                .err = std::cerr,
                                .width = TerminalWidth(),
                                .out_is_terminal = isatty(STDOUT_FILENO) == 1});
  } catch (const std::exception& error) {
    std::cerr << "strata: " << error.what() << "\n";
    return strata::cli::kServerError;
  }
}
