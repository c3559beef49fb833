// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_SERVER_INFERENCE_CALL_H_
#define STRATA_TESTS_SERVER_INFERENCE_CALL_H_

#include <memory>
#include <string>

#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/status.h"
#include "tests/fakes/from_text.h"
#include "triton/grpc_service.grpc.pb.h"

namespace strata {

// Calls a method of the Open Inference Protocol and returns the answer; `ended`
// is how it ended.
template <typename Request, typename Response>
Response CallInference(
    const std::shared_ptr<grpc::Channel>& channel,
    grpc::Status (inference::GRPCInferenceService::Stub::*method)(
        grpc::ClientContext*, const Request&, Response*),
    const std::string& request, grpc::Status& ended) {
  const auto stub = inference::GRPCInferenceService::NewStub(channel);
  grpc::ClientContext context;
  Response response;
  ended = (*stub.*method)(&context, FromText<Request>(request), &response);
  return response;
}

}  // namespace strata

#endif  // STRATA_TESTS_SERVER_INFERENCE_CALL_H_
