// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_MODEL_LOADING_H_
#define STRATA_SERVER_MODEL_LOADING_H_

#include <functional>
#include <stop_token>
#include <vector>

#include "core/model/loader.h"
#include "core/model/registry.h"
#include "core/model/repository.h"

namespace strata {

// Loads a directory; LoadModelDirectory with its options bound.
using LoadModel = std::function<LoadOutcome(const ModelDirectory&)>;

// Loads `directories` into `registry`, where they are kLoading, one after the
// other, and logs how each comes out. Calls `changed` after each. Ends early,
// between two models, when `stop` is requested.
void LoadModels(const std::vector<ModelDirectory>& directories,
                const LoadModel& load, const std::function<void()>& changed,
                ModelRegistry& registry, const std::stop_token& stop);

}  // namespace strata

#endif  // STRATA_SERVER_MODEL_LOADING_H_
