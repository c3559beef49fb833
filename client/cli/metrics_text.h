// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_METRICS_TEXT_H_
#define STRATA_CLIENT_CLI_METRICS_TEXT_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace strata::cli {

// One line of Prometheus's text format.
struct Sample {
  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0;

  // Empty where it has no such label.
  [[nodiscard]] std::string Label(const std::string& label) const;

  friend bool operator==(const Sample&, const Sample&) = default;
};

// Reads what /metrics answers; comments are passed over, times left out. Error:
// FAILED_PRECONDITION, with the number of the line that is none.
absl::StatusOr<std::vector<Sample>> ParseMetrics(absl::string_view text);

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_METRICS_TEXT_H_
