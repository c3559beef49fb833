// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_INFERENCE_BASE_H_
#define STRATA_SERVER_INFERENCE_BASE_H_

#include "absl/strings/string_view.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/call_environment.h"
#include "triton/grpc_service.grpc.pb.h"

namespace strata {

// `Methods`, each of which makes one method of its base raw, upon `Service`.
template <typename Service, template <typename> class First,
          template <typename> class... Rest>
struct RawMethods {
  using Type = First<typename RawMethods<Service, Rest...>::Type>;
};
template <typename Service, template <typename> class Last>
struct RawMethods<Service, Last> {
  using Type = Last<Service>;
};

using Inference = inference::GRPCInferenceService;
using RawInference =
    RawMethods<Inference::Service, Inference::WithRawCallbackMethod_ServerLive,
               Inference::WithRawCallbackMethod_ServerReady,
               Inference::WithRawCallbackMethod_ModelReady,
               Inference::WithRawCallbackMethod_ServerMetadata,
               Inference::WithRawCallbackMethod_ModelMetadata,
               Inference::WithRawCallbackMethod_ModelInfer,
               Inference::WithRawCallbackMethod_ModelStreamInfer,
               Inference::WithRawCallbackMethod_ModelConfig,
               Inference::WithRawCallbackMethod_ModelStatistics,
               Inference::WithRawCallbackMethod_RepositoryIndex,
               Inference::WithRawCallbackMethod_RepositoryModelLoad,
               Inference::WithRawCallbackMethod_RepositoryModelUnload,
               Inference::WithRawCallbackMethod_SystemSharedMemoryStatus,
               Inference::WithRawCallbackMethod_SystemSharedMemoryRegister,
               Inference::WithRawCallbackMethod_SystemSharedMemoryUnregister,
               Inference::WithRawCallbackMethod_CudaSharedMemoryStatus,
               Inference::WithRawCallbackMethod_CudaSharedMemoryRegister,
               Inference::WithRawCallbackMethod_CudaSharedMemoryUnregister,
               Inference::WithRawCallbackMethod_TraceSetting,
               Inference::WithRawCallbackMethod_LogSettings>::Type;

// inference.GRPCInferenceService with every method raw, as those of strata.v1
// are, of which it answers those that this server does not do: UNIMPLEMENTED,
// saying so, to whoever may call at all. Thread-safe.
class InferenceBase : public RawInference {
 public:
  grpc::ServerUnaryReactor* CudaSharedMemoryStatus(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* reply) override;
  grpc::ServerUnaryReactor* CudaSharedMemoryRegister(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* reply) override;
  grpc::ServerUnaryReactor* CudaSharedMemoryUnregister(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* reply) override;
  grpc::ServerUnaryReactor* TraceSetting(grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* reply) override;
  grpc::ServerUnaryReactor* LogSettings(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* reply) override;

 protected:
  explicit InferenceBase(const CallEnvironment& environment)
      : environment_(environment) {}

  const CallEnvironment& environment() const { return environment_; }

 private:
  grpc::ServerUnaryReactor* Refuse(const grpc::CallbackServerContext& context,
                                   absl::string_view method) const;

  const CallEnvironment environment_;
};

}  // namespace strata

#endif  // STRATA_SERVER_INFERENCE_BASE_H_
