// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_METRICS_LISTENER_H_
#define STRATA_SERVER_METRICS_LISTENER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "prometheus/collectable.h"
#include "prometheus/exposer.h"
#include "server/address.h"
#include "server/process_metrics.h"

namespace strata {

// Answers GET /metrics over HTTP on an address of its own, with two threads of
// its own, until it is destroyed: the metrics that it is given, and those of
// the process.
class MetricsListener {
 public:
  // `address.host` is an IP address or "localhost". Error: UNAVAILABLE where
  // it cannot listen there.
  static absl::StatusOr<std::unique_ptr<MetricsListener>> Start(
      const Address& address,
      const std::shared_ptr<prometheus::Collectable>& metrics);

  // Waits for answers that are being sent.
  ~MetricsListener();
  MetricsListener(const MetricsListener&) = delete;
  MetricsListener& operator=(const MetricsListener&) = delete;

  // Where it listens, the port as chosen.
  [[nodiscard]] const Address& address() const { return address_; }

 private:
  MetricsListener(std::unique_ptr<prometheus::Exposer> exposer,
                  std::shared_ptr<ProcessMetrics> process, Address address);

  // The exposer holds it weakly.
  const std::shared_ptr<ProcessMetrics> process_;
  std::unique_ptr<prometheus::Exposer> exposer_;
  const Address address_;
};

}  // namespace strata

#endif  // STRATA_SERVER_METRICS_LISTENER_H_
