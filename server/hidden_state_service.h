// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_HIDDEN_STATE_SERVICE_H_
#define STRATA_SERVER_HIDDEN_STATE_SERVICE_H_

#include "core/engine/engine.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/unary_call.h"
#include "strata/v1/hidden_state_service.grpc.pb.h"

namespace strata {

// strata.v1.HiddenStateService over an Engine. Thread-safe.
class HiddenStateService final
    : public v1::HiddenStateService::WithRawCallbackMethod_Encode<
          v1::HiddenStateService::WithRawCallbackMethod_EncodeChunks<
              v1::HiddenStateService::WithRawCallbackMethod_EncodeStream<
                  v1::HiddenStateService::Service>>> {
 public:
  // `engine` outlives the server.
  HiddenStateService(Engine& engine, const CallEnvironment& environment)
      : engine_(engine), environment_(environment) {}

  grpc::ServerUnaryReactor* Encode(grpc::CallbackServerContext* context,
                                   const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* reply) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* EncodeChunks(
      grpc::CallbackServerContext* context,
      const grpc::ByteBuffer* request) override;
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* EncodeStream(
      grpc::CallbackServerContext* context) override;

 private:
  Engine& engine_;
  const CallEnvironment environment_;
};

}  // namespace strata

#endif  // STRATA_SERVER_HIDDEN_STATE_SERVICE_H_
