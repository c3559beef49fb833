// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_MODEL_MESSAGES_H_
#define STRATA_SERVER_MODEL_MESSAGES_H_

#include <string>

#include "absl/strings/string_view.h"
#include "core/engine/engine.h"
#include "core/model/registry.h"
#include "core/model/report.h"
#include "strata/v1/model_service.pb.h"

namespace strata {

// What the registry knows of a version, as messages of strata.v1. Pure.
v1::ModelSummary ToModelSummary(const ModelEntry& entry);
v1::TraceReport ToTraceReport(const TraceReport& report);
v1::GetModelResponse ToGetModelResponse(const ModelEntry& entry,
                                        const EngineOptions& limits);

// Why a version is in its state, in one sentence; empty when ready.
std::string StateReason(const ModelEntry& entry);
// "loading", "ready", "refused", "draining": for logs and metrics.
absl::string_view StateName(ModelState state);
// "none", "pieces", "keys", "pairs", "dict".
absl::string_view MaskFormName(MaskForm form);

}  // namespace strata

#endif  // STRATA_SERVER_MODEL_MESSAGES_H_
