// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/model_control.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "grpcpp/server_context.h"
#include "server/call_environment.h"
#include "server/model_manager.h"

namespace strata {

absl::Status MayChangeModels(const CallEnvironment& environment,
                             const ModelManager* manager,
                             const grpc::CallbackServerContext& context,
                             absl::string_view method) {
  STRATA_RETURN_IF_ERROR(
      AuthenticateAdmin(environment, context, method).status());
  if (manager != nullptr) return absl::OkStatus();
  return Error(Reason::kNotAllowed,
               absl::StrCat(method,
                            ": this server does not change its models on "
                            "request; its operator can allow that with "
                            "--model-control=on"));
}

}  // namespace strata
