// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_TOP_TABLE_H_
#define STRATA_CLIENT_CLI_TOP_TABLE_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/cli/snapshot.h"

namespace strata::cli {

// An earlier look, and how long ago it was.
struct Earlier {
  Snapshot snapshot;
  absl::Duration ago;
};

// What `strata top` shows: a headline, and a row for each model with its
// versions, how much it does and how long that takes. With an earlier look, per
// second and of what ended since; without one, of all since the server started.
//
// In colours for a terminal: the headings bold, and versions as they are:
// green, yellow or red.
std::string TopTable(absl::string_view address, const Snapshot& now,
                     const std::optional<Earlier>& earlier, int width,
                     bool colours);

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_TOP_TABLE_H_
