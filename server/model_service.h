// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_MODEL_SERVICE_H_
#define STRATA_SERVER_MODEL_SERVICE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/engine/engine.h"
#include "core/model/registry.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/model_manager.h"
#include "server/unary_call.h"
#include "strata/v1/model_service.grpc.pb.h"

namespace strata {

// A page of `entries`, which are in the order of their ids. The token of the
// next page holds the last id of this one, so that models which come or go
// between two pages shift nothing. Pure. Errors: INVALID_FIELD.
absl::StatusOr<v1::ListModelsResponse> ListModelsPage(
    const std::vector<ModelEntry>& entries,
    const v1::ListModelsRequest& request);

// strata.v1.ModelService over a ModelRegistry and what changes it.
// Thread-safe.
class ModelService final
    : public v1::ModelService::WithRawCallbackMethod_ListModels<
          v1::ModelService::WithRawCallbackMethod_GetModel<
              v1::ModelService::WithRawCallbackMethod_LoadModel<
                  v1::ModelService::WithRawCallbackMethod_UnloadModel<
                      v1::ModelService::Service>>>> {
 public:
  // `registry` outlives the server. `manager`, which outlives its calls, loads
  // and unloads on request; nullptr: those RPCs answer PERMISSION_DENIED.
  // `limits` are those in force.
  ModelService(const ModelRegistry& registry, ModelManager* manager,
               EngineOptions limits, const CallEnvironment& environment)
      : registry_(registry),
        manager_(manager),
        limits_(std::move(limits)),
        environment_(environment) {}

  grpc::ServerUnaryReactor* ListModels(grpc::CallbackServerContext* context,
                                       const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* reply) override;
  grpc::ServerUnaryReactor* GetModel(grpc::CallbackServerContext* context,
                                     const grpc::ByteBuffer* request,
                                     grpc::ByteBuffer* reply) override;
  grpc::ServerUnaryReactor* LoadModel(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* reply) override;
  grpc::ServerUnaryReactor* UnloadModel(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* reply) override;

 private:
  const ModelRegistry& registry_;
  ModelManager* const manager_;
  const EngineOptions limits_;
  const CallEnvironment environment_;
};

}  // namespace strata

#endif  // STRATA_SERVER_MODEL_SERVICE_H_
