// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/inference_base.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/error.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/refused_call.h"

namespace strata {

grpc::ServerUnaryReactor* InferenceBase::Refuse(
    const grpc::CallbackServerContext& context,
    absl::string_view method) const {
  absl::Status status =
      environment_.authenticator.Authenticate(context).status();
  if (status.ok()) {
    status = Error(Reason::kNotImplemented,
                   absl::StrCat("this server does not do ", method,
                                " of the Open Inference Protocol"));
  }
  return RefusedCall<grpc::ServerUnaryReactor>::Start(status);
}

grpc::ServerUnaryReactor* InferenceBase::CudaSharedMemoryStatus(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* /*request*/,
    grpc::ByteBuffer* /*reply*/) {
  return Refuse(*context, "CudaSharedMemoryStatus");
}

grpc::ServerUnaryReactor* InferenceBase::CudaSharedMemoryRegister(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* /*request*/,
    grpc::ByteBuffer* /*reply*/) {
  return Refuse(*context, "CudaSharedMemoryRegister");
}

grpc::ServerUnaryReactor* InferenceBase::CudaSharedMemoryUnregister(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* /*request*/,
    grpc::ByteBuffer* /*reply*/) {
  return Refuse(*context, "CudaSharedMemoryUnregister");
}

grpc::ServerUnaryReactor* InferenceBase::TraceSetting(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* /*request*/,
    grpc::ByteBuffer* /*reply*/) {
  return Refuse(*context, "TraceSetting");
}

grpc::ServerUnaryReactor* InferenceBase::LogSettings(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* /*request*/,
    grpc::ByteBuffer* /*reply*/) {
  return Refuse(*context, "LogSettings");
}

}  // namespace strata
