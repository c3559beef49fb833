// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_HEALTH_H_
#define STRATA_SERVER_HEALTH_H_

#include <set>
#include <string>
#include <vector>

#include "core/engine/fitness.h"
#include "core/model/registry.h"
#include "grpcpp/health_check_service_interface.h"

namespace strata {

// Tells grpc.health.v1 how the models are: a model's name is SERVING while any
// version of it is ready and not failing, and "" while any model is. Where a
// device does not compute, nothing is: who can go elsewhere should, even if
// other devices still do. `known` keeps the names from call to call: a model
// that is gone is NOT_SERVING.
void PublishHealth(const std::vector<ModelEntry>& entries,
                   const Fitness& fitness, std::set<std::string>& known,
                   grpc::HealthCheckServiceInterface& health);

}  // namespace strata

#endif  // STRATA_SERVER_HEALTH_H_
