// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/top.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/cli/colour.h"
#include "client/cli/console.h"
#include "client/cli/http_get.h"
#include "client/cli/metrics_text.h"
#include "client/cli/options.h"
#include "client/cli/output.h"
#include "client/cli/snapshot.h"
#include "client/cli/top_table.h"

namespace strata::cli {
namespace {

constexpr absl::Duration kRefresh = absl::Seconds(1);
// The cursor goes to the corner, and what is below it away.
constexpr absl::string_view kClear = "\x1b[H\x1b[2J";

absl::StatusOr<Snapshot> Look(const std::string& address,
                              absl::Duration timeout) {
  const auto text = HttpGet(address, "/metrics", timeout);
  if (!text.ok()) return text.status();
  const auto samples = ParseMetrics(*text);
  if (!samples.ok()) return samples.status();
  return SnapshotOf(*samples);
}

}  // namespace

absl::Status RunTop(const TopCommand& command, absl::Duration timeout,
                    const Console& console) {
  const bool redraws =
      console.out_is_terminal && TerminalMovesCursor() && !command.once;
  std::optional<Earlier> earlier;
  for (;;) {
    const absl::Time begin = absl::Now();
    auto snapshot = Look(command.metrics, timeout);
    if (!snapshot.ok()) return snapshot.status();
    absl::Status written =
        Write("",
              absl::StrCat(redraws ? kClear : "",
                           TopTable(command.metrics, *snapshot, earlier,
                                    console.width, console.out_colours),
                           redraws || command.once ? "" : "\n"),
              console);
    if (!written.ok() || command.once) return written;
    absl::SleepFor(kRefresh);
    earlier = {.snapshot = *std::move(snapshot), .ago = absl::Now() - begin};
  }
}

}  // namespace strata::cli
