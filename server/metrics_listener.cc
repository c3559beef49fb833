// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/metrics_listener.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <exception>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "prometheus/collectable.h"
#include "prometheus/exposer.h"
#include "server/address.h"
#include "server/process_metrics.h"

namespace strata {
namespace {

// Connects to `address` and hangs up.
void Knock(const Address& address) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(),
                  &hints, &found) != 0) {
    return;
  }
  const int door = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (door >= 0) {
    // Whether it opens does not matter.
    [[maybe_unused]] const int opened =
        connect(door, found->ai_addr, found->ai_addrlen);
    close(door);
  }
  freeaddrinfo(found);
}

}  // namespace

MetricsListener::MetricsListener(std::unique_ptr<prometheus::Exposer> exposer,
                                 std::shared_ptr<ProcessMetrics> process,
                                 Address address)
    : process_(std::move(process)),
      exposer_(std::move(exposer)),
      address_(std::move(address)) {}

MetricsListener::~MetricsListener() {
  // The HTTP library looks whether to stop every two seconds, or when somebody
  // connects: a server that stops should not wait for that.
  const std::jthread knocking([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      Knock(address_);
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  });
  exposer_.reset();
}

absl::StatusOr<std::unique_ptr<MetricsListener>> MetricsListener::Start(
    const Address& address,
    const std::shared_ptr<prometheus::Collectable>& metrics) {
  // The HTTP library knows no names.
  Address numeric = address;
  if (numeric.host == "localhost") numeric.host = "127.0.0.1";
  try {
    auto exposer = std::make_unique<prometheus::Exposer>(numeric.ToString());
    exposer->RegisterCollectable(metrics);
    auto process = std::make_shared<ProcessMetrics>();
    exposer->RegisterCollectable(process);
    numeric.port = exposer->GetListeningPorts().front();
    // Not make_unique: the constructor is private.
    return std::unique_ptr<MetricsListener>(new MetricsListener(
        std::move(exposer), std::move(process), std::move(numeric)));
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
