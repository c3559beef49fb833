// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_MODEL_CONTROL_H_
#define STRATA_SERVER_MODEL_CONTROL_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "grpcpp/server_context.h"
#include "server/call_environment.h"
#include "server/model_manager.h"

namespace strata {

// Whether the caller of `method` may change which models are served: each such
// RPC asks here before anything else. `manager` nullptr: nobody may. Errors:
// those of AuthenticateAdmin; NOT_ALLOWED.
absl::Status MayChangeModels(const CallEnvironment& environment,
                             const ModelManager* manager,
                             const grpc::CallbackServerContext& context,
                             absl::string_view method);

}  // namespace strata

#endif  // STRATA_SERVER_MODEL_CONTROL_H_
