// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_SNAPSHOT_H_
#define STRATA_CLIENT_CLI_SNAPSHOT_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/metrics_text.h"

namespace strata::cli {

// A histogram as Prometheus counts: by upper bound, how many were no larger.
using Buckets = std::map<double, double>;

// Where a share of what a histogram saw lies.
struct Quantile {
  double value = 0;
  // It is above the last bound, which `value` is.
  bool beyond = false;

  friend bool operator==(const Quantile&, const Quantile&) = default;
};

// The value below which `share` (0 to 1) lie, evenly spread within a bucket;
// nullopt where nothing was seen.
std::optional<Quantile> QuantileOf(const Buckets& buckets, double share);

// What a server has counted about a model.
struct ModelCounts {
  double requests = 0;
  double failed = 0;
  double pieces = 0;
  // Seconds, by stage: "tokenize", "queue", "compute", "total".
  std::map<std::string, Buckets> stages;
};

// What one look at /metrics shows.
struct Snapshot {
  std::string server_version;
  double in_flight = 0;
  double waiting = 0;
  // By model, then version: the state that it is in.
  std::map<std::string, std::map<int, std::string>> states;
  std::map<std::string, ModelCounts> models;
};

// Series that it does not know are passed over.
Snapshot SnapshotOf(const std::vector<Sample>& samples);

// What was counted between two looks. Of a server that was started anew in
// between, what it has counted since.
ModelCounts Between(const ModelCounts& before, const ModelCounts& after);

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_SNAPSHOT_H_
