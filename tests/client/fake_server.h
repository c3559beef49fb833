// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_CLIENT_FAKE_SERVER_H_
#define STRATA_TESTS_CLIENT_FAKE_SERVER_H_

#include <google/protobuf/message.h>
#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include "strata/v1/hidden_state_service.grpc.pb.h"
#include "strata/v1/model_service.grpc.pb.h"
#include "strata/v1/tokenizer_service.grpc.pb.h"

namespace strata {

// What a fake server answers; a method without a handler is UNIMPLEMENTED, as
// of a server that is not Strata's. Handlers run on gRPC's threads.
struct FakeHandlers {
  template <typename Request, typename Response>
  using Handler = std::function<grpc::Status(const grpc::ServerContext&,
                                             const Request&, Response&)>;

  Handler<v1::EncodeRequest, v1::EncodeResponse> encode;
  // Fills in the events to send, in order, before the status.
  Handler<v1::EncodeChunksRequest, std::vector<v1::EncodeChunksResponse>>
      encode_chunks;
  // Of one request of a stream; its status, unless OK, ends the stream.
  Handler<v1::EncodeStreamRequest, std::vector<v1::EncodeStreamResponse>>
      encode_stream;
  Handler<v1::TokenizeRequest, v1::TokenizeResponse> tokenize;
  Handler<v1::DetokenizeRequest, v1::DetokenizeResponse> detokenize;
  Handler<v1::ListModelsRequest, v1::ListModelsResponse> list_models;
  Handler<v1::GetModelRequest, v1::GetModelResponse> get_model;
  Handler<grpc::health::v1::HealthCheckRequest,
          grpc::health::v1::HealthCheckResponse>
      health;
};

// A gRPC server on a free port of 127.0.0.1, until it is destroyed.
//
//   FakeServer server({.health = [](const auto&, const auto&, auto& response) {
//     response.set_status(HealthCheckResponse::SERVING);
//     return grpc::Status::OK;
//   }});
class FakeServer {
 public:
  explicit FakeServer(FakeHandlers handlers);
  ~FakeServer();
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  // HOST:PORT.
  [[nodiscard]] std::string address() const;

 private:
  const FakeHandlers handlers_;
  int port_ = 0;
  std::vector<std::unique_ptr<grpc::Service>> services_;
  std::unique_ptr<grpc::Server> server_;
};

// A status with google.rpc details, as a server sends it.
grpc::Status RichStatus(
    grpc::StatusCode code, const std::string& message,
    const std::vector<const google::protobuf::Message*>& details);

// RichStatus with a google.rpc.ErrorInfo of domain "strata".
grpc::Status ReasonStatus(grpc::StatusCode code, const std::string& message,
                          const std::string& reason);

// RESOURCE_EXHAUSTED with a google.rpc.RetryInfo.
grpc::Status FullStatus(const std::string& message, int retry_after_ms);

}  // namespace strata

#endif  // STRATA_TESTS_CLIENT_FAKE_SERVER_H_
