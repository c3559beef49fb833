// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "client/cli/cli.h"
#include "client/cli/console.h"
#include "client/cli/failure.h"

namespace {

// Columns of the terminal behind a descriptor; 100 where there is none.
int TerminalWidth(int descriptor) {
  winsize size = {};
  // NOLINTNEXTLINE(*-vararg): ioctl is what there is.
  const int failed = ioctl(descriptor, TIOCGWINSZ, &size);
  return failed == 0 && size.ws_col > 0 ? size.ws_col : 100;
}

// Ends the process as the signal does that was ignored until now, so that
// whoever waits for it, as a shell, sees what it sees of other filters.
int EndBySigpipe() {
  std::signal(SIGPIPE, SIG_DFL);
  return std::raise(SIGPIPE);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    const std::vector<std::string> args(argv + 1, argv + argc);
    const int code = strata::cli::RunCli(
        args, {.in = STDIN_FILENO,
               .out = std::cout,
               .err = std::cerr,
               .width = TerminalWidth(STDOUT_FILENO),
               .err_width = TerminalWidth(STDERR_FILENO),
               .out_is_terminal = isatty(STDOUT_FILENO) == 1,
               .err_is_terminal = isatty(STDERR_FILENO) == 1});
    return code == strata::cli::kReaderGone ? EndBySigpipe() : code;
  } catch (const std::exception& error) {
    std::cerr << "strata: " << error.what() << "\n";
    return strata::cli::kServerError;
  }
}
