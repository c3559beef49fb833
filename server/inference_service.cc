// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/inference_service.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/model/model.h"
#include "core/model/registry.h"
#include "google/protobuf/message.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/infer_stream.h"
#include "server/infer_version.h"
#include "server/inference_messages.h"
#include "server/inference_statistics.h"
#include "server/model_control.h"
#include "server/model_infer.h"
#include "server/refused_call.h"
#include "server/repository_calls.h"
#include "server/shared_memory_calls.h"
#include "server/unary_call.h"
#include "triton/grpc_service.pb.h"

namespace strata {
namespace {

using Call = std::shared_ptr<UnaryCall>;

// Answers with a message or an error.
template <typename Response>
void Answer(UnaryCall& call, const absl::StatusOr<Response>& response) {
  if (response.ok()) {
    call.FinishWith(*response);
  } else {
    call.Finish(response.status());
  }
}

// The ready model that a request names. Errors: those of ModelRegistry::Find.
template <typename Request>
absl::StatusOr<std::shared_ptr<const Model>> FindModel(
    const ModelRegistry& registry, const Request& request) {
  STRATA_ASSIGN_OR_RETURN(const InferVersion version,
                          ToInferVersion(request.version(), "version"));
  return registry.Find(request.name(), version.number, version.label);
}

// Whether a request for this version would be computed; not, where it is not
// known.
bool IsReady(const InferenceParts& parts,
             const inference::ModelReadyRequest& request) {
  const auto model = FindModel(parts.registry, request);
  return model.ok() && parts.health.IsServing((*model)->id.name) &&
         !parts.engine.fitness().failing.contains((*model)->id);
}

}  // namespace

grpc::ServerUnaryReactor* InferenceService::ServerLive(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  return AnswerUnary<inference::ServerLiveRequest>(
      environment(), context, request, reply,
      [](const inference::ServerLiveRequest& /*message*/, const Call& call) {
        inference::ServerLiveResponse response;
        response.set_live(true);
        call->FinishWith(response);
      });
}

grpc::ServerUnaryReactor* InferenceService::ServerReady(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  return AnswerUnary<inference::ServerReadyRequest>(
      environment(), context, request, reply,
      [this](const inference::ServerReadyRequest& /*message*/,
             const Call& call) {
        inference::ServerReadyResponse response;
        response.set_ready(parts_.health.IsServing(""));
        call->FinishWith(response);
      });
}

grpc::ServerUnaryReactor* InferenceService::ModelReady(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  return AnswerUnary<inference::ModelReadyRequest>(
      environment(), context, request, reply,
      [this](const inference::ModelReadyRequest& message, const Call& call) {
        inference::ModelReadyResponse response;
        response.set_ready(IsReady(parts_, message));
        call->FinishWith(response);
      });
}

grpc::ServerUnaryReactor* InferenceService::ServerMetadata(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  return AnswerUnary<inference::ServerMetadataRequest>(
      environment(), context, request, reply,
      [this](const inference::ServerMetadataRequest& /*message*/,
             const Call& call) {
        call->FinishWith(ToServerMetadata(parts_.shared_memory != nullptr));
      });
}

grpc::ServerUnaryReactor* InferenceService::ModelMetadata(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  return AnswerUnary<inference::ModelMetadataRequest>(
      environment(), context, request, reply,
      [this](const inference::ModelMetadataRequest& message, const Call& call) {
        const auto model = FindModel(parts_.registry, message);
        if (model.ok()) {
          call->FinishWith(ToModelMetadata(**model, parts_.registry.List()));
        } else {
          call->Finish(model.status());
        }
      });
}

grpc::ServerUnaryReactor* InferenceService::ModelInfer(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  return AnswerUnary<inference::ModelInferRequest>(
      environment(), context, request, reply,
      [this](inference::ModelInferRequest message, Call call) {
        RunModelInfer(
            {.engine = parts_.engine, .shared_memory = parts_.shared_memory},
            environment(), std::move(message), std::move(call));
      });
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>*
InferenceService::ModelStreamInfer(grpc::CallbackServerContext* context) {
  return StartModelStreamInfer(
      {.engine = parts_.engine, .limits = parts_.limits, .call = environment()},
      context, streams_);
}

grpc::ServerUnaryReactor* InferenceService::ModelConfig(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  return AnswerUnary<inference::ModelConfigRequest>(
      environment(), context, request, reply,
      [this](const inference::ModelConfigRequest& message, const Call& call) {
        const auto model = FindModel(parts_.registry, message);
        if (model.ok()) {
          call->FinishWith(
              ToModelConfig(**model, parts_.engine.options().max_inputs));
        } else {
          call->Finish(model.status());
        }
      });
}

grpc::ServerUnaryReactor* InferenceService::ModelStatistics(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  return AnswerUnary<inference::ModelStatisticsRequest>(
      environment(), context, request, reply,
      [this](const inference::ModelStatisticsRequest& message,
             const Call& call) {
        Answer(*call, StatisticsOf(message, parts_.registry,
                                   environment().telemetry.metrics));
      });
}

grpc::ServerUnaryReactor* InferenceService::RepositoryIndex(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  return AnswerUnary<inference::RepositoryIndexRequest>(
      environment(), context, request, reply,
      [this](const inference::RepositoryIndexRequest& message,
             const Call& call) {
        call->FinishWith(
            ToRepositoryIndex(parts_.registry.List(), message.ready()));
      });
}

grpc::ServerUnaryReactor* InferenceService::SystemSharedMemoryStatus(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  return AnswerUnary<inference::SystemSharedMemoryStatusRequest>(
      environment(), context, request, reply,
      [this](const inference::SystemSharedMemoryStatusRequest& message,
             const Call& call) {
        Answer(*call, SharedMemoryStatus(message, parts_.shared_memory,
                                         call->caller()->identity));
      });
}

grpc::ServerUnaryReactor* InferenceService::SystemSharedMemoryRegister(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  return AnswerUnary<inference::SystemSharedMemoryRegisterRequest>(
      environment(), context, request, reply,
      [this](const inference::SystemSharedMemoryRegisterRequest& message,
             const Call& call) {
        Answer(*call, RegisterSharedMemory(message, parts_.shared_memory,
                                           call->caller()->identity));
      });
}

grpc::ServerUnaryReactor* InferenceService::SystemSharedMemoryUnregister(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  return AnswerUnary<inference::SystemSharedMemoryUnregisterRequest>(
      environment(), context, request, reply,
      [this](const inference::SystemSharedMemoryUnregisterRequest& message,
             const Call& call) {
        Answer(*call, UnregisterSharedMemory(message, parts_.shared_memory,
                                             call->caller()->identity));
      });
}

grpc::ServerUnaryReactor* InferenceService::RepositoryModelLoad(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  const absl::Status allowed = MayChangeModels(environment(), parts_.manager,
                                               *context, "RepositoryModelLoad");
  if (!allowed.ok()) {
    return RefusedCall<grpc::ServerUnaryReactor>::Start(allowed);
  }
  return AnswerUnary<inference::RepositoryModelLoadRequest>(
      environment(), context, request, reply,
      [this](const inference::RepositoryModelLoadRequest& message, Call call) {
        LoadNewest(*parts_.manager, message, std::move(call));
      });
}

grpc::ServerUnaryReactor* InferenceService::RepositoryModelUnload(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  const absl::Status allowed = MayChangeModels(
      environment(), parts_.manager, *context, "RepositoryModelUnload");
  if (!allowed.ok()) {
    return RefusedCall<grpc::ServerUnaryReactor>::Start(allowed);
  }
  return AnswerUnary<inference::RepositoryModelUnloadRequest>(
      environment(), context, request, reply,
      [this](const inference::RepositoryModelUnloadRequest& message,
             Call call) {
        UnloadVersions(*parts_.manager, parts_.registry, message,
                       std::move(call));
      });
}

}  // namespace strata
