// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_INSTANCES_H_
#define STRATA_CORE_MODEL_INSTANCES_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/batch/runner.h"
#include "core/model/config.h"
#include "core/model/findings.h"
#include "core/model/trace.h"

namespace strata {

// The name of the check whether a device runs a trace.
inline constexpr const char* kPlacedCheck = "placed";

// Makes a runner for each of `devices`, which name one as often as it has
// instances, of an examined trace, bound and on the CPU. Those of one device
// share their weights, on the CPU the ones that were examined. Each is warmed
// up and knows what its forwards cost.
//
// `findings` hold the examination's report. Checks of how the trace fares on
// devices are added to it, and what the warm-up finds; where they hold that
// already, from an earlier load, only what is enough runs.
//
// Errors: MODEL_REFUSED where a device does not run the trace; a forward's;
// FAILED_PRECONDITION where it was found out by an earlier load and cannot be
// right.
absl::StatusOr<std::vector<std::unique_ptr<Runner>>> MakeInstances(
    const Trace& trace, const std::vector<std::string>& devices,
    const ModelConfig& config, Findings& findings);

}  // namespace strata

#endif  // STRATA_CORE_MODEL_INSTANCES_H_
