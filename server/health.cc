// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/health.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/engine/fitness.h"
#include "core/model/registry.h"
#include "grpcpp/health_check_service_interface.h"

namespace strata {

void PublishHealth(const std::vector<ModelEntry>& entries,
                   const Fitness& fitness, std::set<std::string>& known,
                   grpc::HealthCheckServiceInterface& health) {
  std::map<std::string, bool> serving = {{"", false}};
  for (const std::string& name : known) serving[name] = false;
  for (const ModelEntry& entry : entries) {
    const bool serves = entry.state == ModelState::kReady &&
                        fitness.devices.ok() &&
                        !fitness.failing.contains(entry.id);
    serving[entry.id.name] |= serves;
    serving[""] |= serves;
  }
  for (const auto& [name, is_serving] : serving) {
    known.insert(name);
    health.SetServingStatus(name, is_serving);
  }
}

}  // namespace strata
