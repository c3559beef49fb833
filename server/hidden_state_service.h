// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_HIDDEN_STATE_SERVICE_H_
#define STRATA_SERVER_HIDDEN_STATE_SERVICE_H_

#include "core/engine/engine.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/call_environment.h"
#include "server/output_directory.h"
#include "server/stream_limits.h"
#include "server/stream_set.h"
#include "strata/v1/hidden_state_service.grpc.pb.h"

namespace strata {

// strata.v1.HiddenStateService over an Engine. Thread-safe; outlives its
// server.
class HiddenStateService final
    : public v1::HiddenStateService::WithRawCallbackMethod_Encode<
          v1::HiddenStateService::WithRawCallbackMethod_EncodeChunks<
              v1::HiddenStateService::WithRawCallbackMethod_EncodeStream<
                  v1::HiddenStateService::WithRawCallbackMethod_EncodeToFile<
                      v1::HiddenStateService::Service>>>> {
 public:
  // `engine` and `directory` outlive the server. `directory` nullptr: no files
  // are written.
  HiddenStateService(Engine& engine, const StreamLimits& limits,
                     OutputDirectory* directory,
                     const CallEnvironment& environment)
      : engine_(engine),
        limits_(limits),
        directory_(directory),
        environment_(environment) {}

  // The calls of EncodeStream that are open.
  StreamSet& streams() { return streams_; }

  grpc::ServerUnaryReactor* Encode(grpc::CallbackServerContext* context,
                                   const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* reply) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* EncodeChunks(
      grpc::CallbackServerContext* context,
      const grpc::ByteBuffer* request) override;
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* EncodeStream(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* EncodeToFile(grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* reply) override;

 private:
  Engine& engine_;
  const StreamLimits limits_;
  OutputDirectory* const directory_;
  const CallEnvironment environment_;
  StreamSet streams_;
};

}  // namespace strata

#endif  // STRATA_SERVER_HIDDEN_STATE_SERVICE_H_
