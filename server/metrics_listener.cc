// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/metrics_listener.h"

#include <exception>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "prometheus/collectable.h"
#include "prometheus/exposer.h"
#include "server/address.h"

namespace strata {

MetricsListener::MetricsListener(std::unique_ptr<prometheus::Exposer> exposer,
                                 Address address)
    : exposer_(std::move(exposer)), address_(std::move(address)) {}

absl::StatusOr<std::unique_ptr<MetricsListener>> MetricsListener::Start(
    const Address& address,
    const std::shared_ptr<prometheus::Collectable>& metrics) {
  // The HTTP library knows no names.
  Address numeric = address;
  if (numeric.host == "localhost") numeric.host = "127.0.0.1";
  try {
    auto exposer = std::make_unique<prometheus::Exposer>(numeric.ToString());
    exposer->RegisterCollectable(metrics);
    numeric.port = exposer->GetListeningPorts().front();
    // Not make_unique: the constructor is private.
    return std::unique_ptr<MetricsListener>(
        new MetricsListener(std::move(exposer), std::move(numeric)));
  } catch (const std::exception&) {
    // Its message says "null context" whatever the cause.
    return absl::UnavailableError(absl::StrCat(
        "cannot listen for metrics on ", address.ToString(),
        ": the port is taken, or the host is not an IP address of this "
        "machine; choose another with --metrics-listen (port 0 picks a free "
        "one, \"off\" does without)"));
  }
}

}  // namespace strata
