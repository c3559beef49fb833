// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_REPOSITORY_CALLS_H_
#define STRATA_SERVER_REPOSITORY_CALLS_H_

#include <memory>

#include "core/model/registry.h"
#include "server/model_manager.h"
#include "server/unary_call.h"
#include "triton/grpc_service.pb.h"

namespace strata {

// Loads the newest version of the model that is named, and answers when it
// serves. Errors: those of ModelManager::LoadVersion; NOT_IMPLEMENTED where the
// request brings a configuration or files of its own.
void LoadNewest(ModelManager& manager,
                const inference::RepositoryModelLoadRequest& request,
                std::shared_ptr<UnaryCall> call);

// Unloads every version of the model that is named, and answers while they
// drain. Errors: MODEL_NOT_FOUND; those of ModelManager::UnloadVersion.
void UnloadVersions(ModelManager& manager, const ModelRegistry& registry,
                    const inference::RepositoryModelUnloadRequest& request,
                    std::shared_ptr<UnaryCall> call);

}  // namespace strata

#endif  // STRATA_SERVER_REPOSITORY_CALLS_H_
