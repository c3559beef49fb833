// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_TOKENIZER_SERVICE_H_
#define STRATA_SERVER_TOKENIZER_SERVICE_H_

#include "core/engine/engine.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/unary_call.h"
#include "strata/v1/tokenizer_service.grpc.pb.h"

namespace strata {

// strata.v1.TokenizerService over an Engine. Thread-safe.
class TokenizerService final
    : public v1::TokenizerService::WithRawCallbackMethod_Tokenize<
          v1::TokenizerService::WithRawCallbackMethod_Detokenize<
              v1::TokenizerService::Service>> {
 public:
  // `engine` outlives the server.
  TokenizerService(Engine& engine, const CallEnvironment& environment)
      : engine_(engine), environment_(environment) {}

  grpc::ServerUnaryReactor* Tokenize(grpc::CallbackServerContext* context,
                                     const grpc::ByteBuffer* request,
                                     grpc::ByteBuffer* reply) override;
  grpc::ServerUnaryReactor* Detokenize(grpc::CallbackServerContext* context,
                                       const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* reply) override;

 private:
  Engine& engine_;
  const CallEnvironment environment_;
};

}  // namespace strata

#endif  // STRATA_SERVER_TOKENIZER_SERVICE_H_
