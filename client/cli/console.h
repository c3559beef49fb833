// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_CONSOLE_H_
#define STRATA_CLIENT_CLI_CONSOLE_H_

#include <ostream>

namespace strata::cli {

// Where a run of the command line reads and writes.
struct Console {
  // A descriptor.
  int in = 0;
  std::ostream& out;
  std::ostream& err;
  // Columns that a line of `out` may take.
  int width = 100;
  // The same of `err`.
  int err_width = 100;
  // Whether a person looks at it: bytes are not written to such an `out`, and
  // progress is shown on such an `err` only.
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  // Set by RunCli, as --color and the environment say.
  bool out_colours = false;
  bool err_colours = false;
};

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_CONSOLE_H_
