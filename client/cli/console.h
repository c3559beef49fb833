// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_CONSOLE_H_
#define STRATA_CLIENT_CLI_CONSOLE_H_

#include <istream>
#include <ostream>

namespace strata::cli {

// Where a run of the command line reads and writes.
struct Console {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  // Columns that a line may take.
  int width = 100;
  // Whether `out` is looked at by a person: bytes are not written there.
  bool out_is_terminal = false;
};

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_CONSOLE_H_
