// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_PROCESS_METRICS_H_
#define STRATA_SERVER_PROCESS_METRICS_H_

#include <vector>

#include "prometheus/collectable.h"
#include "prometheus/metric_family.h"

namespace strata {

// What the process holds and has lost, read when Prometheus asks: descriptors
// (a connection is one) and memory, under the names that Prometheus' own client
// libraries give them, and lines of the log. Thread-safe.
class ProcessMetrics final : public prometheus::Collectable {
 public:
  [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override;
};

}  // namespace strata

#endif  // STRATA_SERVER_PROCESS_METRICS_H_
