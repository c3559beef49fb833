// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_MODEL_LOADING_H_
#define STRATA_SERVER_MODEL_LOADING_H_

#include <functional>
#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "core/model/loader.h"
#include "core/model/model.h"
#include "core/model/registry.h"
#include "core/model/repository.h"
#include "server/log.h"

namespace strata {

// Loads a directory; LoadModelDirectory with its options bound.
using LoadModel = std::function<LoadOutcome(const ModelDirectory&)>;

// Loads a version that is kLoading in `registry`, notes there how it comes out
// and logs it. `adopt` may put something around a model that is to serve.
void LoadInto(ModelRegistry& registry, const ModelDirectory& directory,
              const LoadModel& load,
              absl::FunctionRef<
                  std::shared_ptr<const Model>(std::shared_ptr<const Model>)>
                  adopt);

// "model" and "version", for the log.
std::vector<LogField> IdFields(const ModelId& id);

}  // namespace strata

#endif  // STRATA_SERVER_MODEL_LOADING_H_
