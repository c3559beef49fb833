// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_MODEL_INFER_H_
#define STRATA_SERVER_MODEL_INFER_H_

#include <memory>

#include "core/engine/engine.h"
#include "server/call_environment.h"
#include "server/shared_memory.h"
#include "server/unary_call.h"
#include "triton/grpc_service.pb.h"

namespace strata {

// What ModelInfer needs; all of it outlives the server.
struct ModelInferParts {
  Engine& engine;
  // nullptr: none is read or written.
  SharedMemory* shared_memory = nullptr;
};

// ModelInfer, from the message that was read to the answer: the way of
// strata.v1's Encode.
void RunModelInfer(const ModelInferParts& parts,
                   const CallEnvironment& environment,
                   inference::ModelInferRequest message,
                   std::shared_ptr<UnaryCall> call);

}  // namespace strata

#endif  // STRATA_SERVER_MODEL_INFER_H_
