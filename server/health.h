// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_HEALTH_H_
#define STRATA_SERVER_HEALTH_H_

#include <set>
#include <string>
#include <vector>

#include "core/model/registry.h"
#include "grpcpp/health_check_service_interface.h"

namespace strata {

// Tells grpc.health.v1 how the models are: a model's name is SERVING while any
// version of it is ready, and "" while any model is. `known` keeps the names
// from call to call: a model that is gone is NOT_SERVING.
void PublishHealth(const std::vector<ModelEntry>& entries,
                   std::set<std::string>& known,
                   grpc::HealthCheckServiceInterface& health);

}  // namespace strata

#endif  // STRATA_SERVER_HEALTH_H_
