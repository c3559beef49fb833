// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/top_table.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/cli/colour.h"
#include "client/cli/format.h"
#include "client/cli/snapshot.h"
#include "client/cli/table.h"

namespace strata::cli {
namespace {

std::string Headline(absl::string_view address, const Snapshot& now,
                     const std::optional<Earlier>& earlier) {
  return absl::StrFormat(
      "strata %s at %s: %.0f in flight, %.0f inputs waiting, %s",
      now.server_version, address, now.in_flight, now.waiting,
      earlier.has_value()
          ? absl::StrFormat("last %.1f s", absl::ToDoubleSeconds(earlier->ago))
          : "since it started");
}

// "1 ready, 3 refused".
std::string Versions(const Snapshot& now, const std::string& model) {
  const auto found = now.states.find(model);
  if (found == now.states.end()) return "";
  return absl::StrJoin(found->second, ", ", absl::PairFormatter(" "));
}

std::string Latency(const ModelCounts& counts, const std::string& stage,
                    double share) {
  const auto buckets = counts.stages.find(stage);
  if (buckets == counts.stages.end()) return "-";
  const auto quantile = QuantileOf(buckets->second, share);
  if (!quantile.has_value()) return "-";
  return absl::StrCat(quantile->beyond ? ">" : "",
                      Milliseconds(1e3 * quantile->value));
}

// Counts as they are, or per second of an interval.
std::string Amount(double count, const std::optional<Earlier>& earlier) {
  if (!earlier.has_value()) return absl::StrFormat("%.0f", count);
  const double rate =
      count / std::max(1e-3, absl::ToDoubleSeconds(earlier->ago));
  return rate < 100 ? absl::StrFormat("%.1f", rate)
                    : absl::StrFormat("%.0f", rate);
}

ModelCounts CountsOf(const Snapshot& now, const std::optional<Earlier>& earlier,
                     const std::string& model) {
  const auto after = now.models.find(model);
  if (after == now.models.end()) return {};
  if (!earlier.has_value()) return after->second;
  const auto before = earlier->snapshot.models.find(model);
  return before == earlier->snapshot.models.end()
             ? after->second
             : Between(before->second, after->second);
}

Table EmptyTable(bool rates) {
  const auto right = [](std::string heading) {
    return Column{.heading = std::move(heading), .align = Align::kRight};
  };
  const std::string per = rates ? "/s" : "";
  return Table({{.heading = "model", .shrinks = true},
                {.heading = "versions"},
                right("requests" + per),
                right("failed" + per),
                right("pieces" + per),
                right("p50"),
                right("p99"),
                right("queue p50"),
                right("forward p50")});
}

// The worst of its versions' states: one that was refused stands out.
Colour VersionsColour(const Snapshot& now, const std::string& model) {
  const auto found = now.states.find(model);
  if (found == now.states.end()) return Colour::kPlain;
  Colour worst = Colour::kGreen;
  for (const auto& [version, state] : found->second) {
    const Colour colour = StateColour(state);
    if (colour == Colour::kRed) return colour;
    if (colour == Colour::kYellow) worst = colour;
  }
  return worst;
}

}  // namespace

std::string TopTable(absl::string_view address, const Snapshot& now,
                     const std::optional<Earlier>& earlier, int width,
                     bool colours) {
  std::set<std::string> models;
  for (const auto& [model, versions] : now.states) models.insert(model);
  for (const auto& [model, counts] : now.models) {
    // What callers named that is no model here: only once somebody has.
    if (counts.requests > 0) models.insert(model);
  }
  Table table = EmptyTable(earlier.has_value());
  constexpr std::size_t kVersions = 1;
  for (const std::string& model : models) {
    const ModelCounts counts = CountsOf(now, earlier, model);
    table.AddRow({model, Versions(now, model), Amount(counts.requests, earlier),
                  Amount(counts.failed, earlier),
                  Amount(counts.pieces, earlier), Latency(counts, "total", 0.5),
                  Latency(counts, "total", 0.99), Latency(counts, "queue", 0.5),
                  Latency(counts, "compute", 0.5)});
    table.Paint(kVersions, VersionsColour(now, model));
  }
  return absl::StrCat(
      Coloured(Headline(address, now, earlier), Colour::kBold, colours), "\n\n",
      table.Render(width, colours));
}

}  // namespace strata::cli
