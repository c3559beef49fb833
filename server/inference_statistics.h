// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_INFERENCE_STATISTICS_H_
#define STRATA_SERVER_INFERENCE_STATISTICS_H_

#include "absl/status/statusor.h"
#include "core/model/registry.h"
#include "server/metrics.h"
#include "triton/grpc_service.pb.h"

namespace strata {

// What has become of the requests of the model that is named, or of all that
// are ready: one entry for each, under its newest version, or the one that is
// asked for, though it tells of all versions together, as the metrics do.
// `metrics` nullptr: nothing has. Errors: those of ModelRegistry::Find.
absl::StatusOr<inference::ModelStatisticsResponse> StatisticsOf(
    const inference::ModelStatisticsRequest& request,
    const ModelRegistry& registry, Metrics* metrics);

}  // namespace strata

#endif  // STRATA_SERVER_INFERENCE_STATISTICS_H_
