// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/inference_statistics.h"

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/status_macros.h"
#include "core/model/model.h"
#include "core/model/registry.h"
#include "server/infer_version.h"
#include "server/metrics.h"
#include "triton/grpc_service.pb.h"

namespace strata {
namespace {

void Set(std::int64_t count, absl::Duration time,
         inference::StatisticDuration& message) {
  message.set_count(count);
  message.set_ns(absl::ToInt64Nanoseconds(time));
}

void Add(const ModelId& id, const ModelTotals& totals,
         inference::ModelStatisticsResponse& response) {
  inference::ModelStatistics& model = *response.add_model_stats();
  model.set_name(id.name);
  model.set_version(absl::StrCat(id.version));
  model.set_inference_count(totals.inputs);
  model.set_execution_count(totals.forwards);
  // Triton's stages: what tokenizes stands where it makes inputs ready, and
  // copying out is part of what computes.
  inference::InferStatistics& stats = *model.mutable_inference_stats();
  const std::int64_t count = totals.succeeded;
  Set(count, totals.timings.total, *stats.mutable_success());
  Set(totals.failed, absl::ZeroDuration(), *stats.mutable_fail());
  Set(count, totals.timings.queue, *stats.mutable_queue());
  Set(count, totals.timings.tokenize, *stats.mutable_compute_input());
  Set(count, totals.timings.compute, *stats.mutable_compute_infer());
  Set(count, absl::ZeroDuration(), *stats.mutable_compute_output());
}

}  // namespace

absl::StatusOr<inference::ModelStatisticsResponse> StatisticsOf(
    const inference::ModelStatisticsRequest& request,
    const ModelRegistry& registry, Metrics* metrics) {
  // By name, each with its version.
  std::map<std::string, std::int64_t> models;
  if (request.name().empty()) {
    for (const ModelEntry& entry : registry.List()) {
      if (entry.state == ModelState::kReady) {
        models[entry.id.name] = entry.id.version;
      }
    }
  } else {
    STRATA_ASSIGN_OR_RETURN(const InferVersion version,
                            ToInferVersion(request.version(), "version"));
    STRATA_ASSIGN_OR_RETURN(
        const auto model,
        registry.Find(request.name(), version.number, version.label));
    models[model->id.name] = model->id.version;
  }
  inference::ModelStatisticsResponse response;
  for (const auto& [name, version] : models) {
    Add({.name = name, .version = version},
        metrics == nullptr ? ModelTotals() : metrics->TotalsOf(name), response);
  }
  return response;
}

}  // namespace strata
