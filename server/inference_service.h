// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_INFERENCE_SERVICE_H_
#define STRATA_SERVER_INFERENCE_SERVICE_H_

#include "absl/status/status.h"
#include "core/engine/engine.h"
#include "core/model/registry.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/call_environment.h"
#include "server/health_service.h"
#include "server/inference_base.h"
#include "server/model_manager.h"
#include "server/shared_memory.h"
#include "server/stream_limits.h"
#include "server/stream_set.h"

namespace strata {

// What InferenceService answers from; references outlive the server.
struct InferenceParts {
  Engine& engine;
  StreamLimits limits;
  const ModelRegistry& registry;
  // Whose word it is that a model, or the server, is ready.
  const HealthService& health;
  // Loads and unloads on request; nullptr: those RPCs answer PERMISSION_DENIED.
  ModelManager* manager = nullptr;
  // nullptr: clients have none in common with this server.
  SharedMemory* shared_memory = nullptr;
};

// inference.GRPCInferenceService, the Open Inference Protocol with Triton's
// extensions, over an Engine: ModelInfer takes the way of strata.v1's Encode.
// Thread-safe; outlives its server.
class InferenceService final : public InferenceBase {
 public:
  InferenceService(const InferenceParts& parts,
                   const CallEnvironment& environment)
      : InferenceBase(environment), parts_(parts) {}

  [[nodiscard]] const InferenceParts& parts() const { return parts_; }
  // The calls of ModelStreamInfer that are open.
  StreamSet& streams() { return streams_; }

  grpc::ServerUnaryReactor* ServerLive(grpc::CallbackServerContext* context,
                                       const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* reply) override;
  grpc::ServerUnaryReactor* ServerReady(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* reply) override;
  grpc::ServerUnaryReactor* ModelReady(grpc::CallbackServerContext* context,
                                       const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* reply) override;
  grpc::ServerUnaryReactor* ServerMetadata(grpc::CallbackServerContext* context,
                                           const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* reply) override;
  grpc::ServerUnaryReactor* ModelMetadata(grpc::CallbackServerContext* context,
                                          const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* reply) override;
  grpc::ServerUnaryReactor* ModelInfer(grpc::CallbackServerContext* context,
                                       const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* reply) override;
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* ModelStreamInfer(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* ModelConfig(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* reply) override;
  grpc::ServerUnaryReactor* ModelStatistics(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* reply) override;
  grpc::ServerUnaryReactor* RepositoryIndex(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* reply) override;
  grpc::ServerUnaryReactor* SystemSharedMemoryStatus(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* reply) override;
  grpc::ServerUnaryReactor* SystemSharedMemoryRegister(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* reply) override;
  grpc::ServerUnaryReactor* SystemSharedMemoryUnregister(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* reply) override;
  grpc::ServerUnaryReactor* RepositoryModelLoad(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* reply) override;
  grpc::ServerUnaryReactor* RepositoryModelUnload(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* reply) override;

 private:
  const InferenceParts parts_;
  StreamSet streams_;
};

}  // namespace strata

#endif  // STRATA_SERVER_INFERENCE_SERVICE_H_
