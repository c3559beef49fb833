// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/client/fake_server.h"

#include <google/protobuf/message.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace strata {
namespace {

template <typename Handler, typename Request, typename Response>
grpc::Status Answer(const Handler& handler, const grpc::ServerContext* context,
                    const Request* request, Response* response) {
  if (!handler) return {grpc::StatusCode::UNIMPLEMENTED, ""};
  return handler(*context, *request, *response);
}

class HiddenStates final : public v1::HiddenStateService::Service {
 public:
  explicit HiddenStates(const FakeHandlers& handlers) : handlers_(handlers) {}
  grpc::Status Encode(grpc::ServerContext* context,
                      const v1::EncodeRequest* request,
                      v1::EncodeResponse* response) override {
    return Answer(handlers_.encode, context, request, response);
  }
  grpc::Status EncodeChunks(
      grpc::ServerContext* context, const v1::EncodeChunksRequest* request,
      grpc::ServerWriter<v1::EncodeChunksResponse>* writer) override {
    std::vector<v1::EncodeChunksResponse> events;
    grpc::Status status =
        Answer(handlers_.encode_chunks, context, request, &events);
    for (const auto& event : events) writer->Write(event);
    return status;
  }
  grpc::Status EncodeStream(
      grpc::ServerContext* context,
      grpc::ServerReaderWriter<v1::EncodeStreamResponse,
                               v1::EncodeStreamRequest>* stream) override {
    v1::EncodeStreamRequest request;
    while (stream->Read(&request)) {
      std::vector<v1::EncodeStreamResponse> events;
      grpc::Status status =
          Answer(handlers_.encode_stream, context, &request, &events);
      for (const auto& event : events) stream->Write(event);
      if (!status.ok()) return status;
    }
    return grpc::Status::OK;
  }

 private:
  const FakeHandlers& handlers_;
};

class Tokenizer final : public v1::TokenizerService::Service {
 public:
  explicit Tokenizer(const FakeHandlers& handlers) : handlers_(handlers) {}
  grpc::Status Tokenize(grpc::ServerContext* context,
                        const v1::TokenizeRequest* request,
                        v1::TokenizeResponse* response) override {
    return Answer(handlers_.tokenize, context, request, response);
  }
  grpc::Status Detokenize(grpc::ServerContext* context,
                          const v1::DetokenizeRequest* request,
                          v1::DetokenizeResponse* response) override {
    return Answer(handlers_.detokenize, context, request, response);
  }

 private:
  const FakeHandlers& handlers_;
};

class Models final : public v1::ModelService::Service {
 public:
  explicit Models(const FakeHandlers& handlers) : handlers_(handlers) {}
  grpc::Status ListModels(grpc::ServerContext* context,
                          const v1::ListModelsRequest* request,
                          v1::ListModelsResponse* response) override {
    return Answer(handlers_.list_models, context, request, response);
  }
  grpc::Status GetModel(grpc::ServerContext* context,
                        const v1::GetModelRequest* request,
                        v1::GetModelResponse* response) override {
    return Answer(handlers_.get_model, context, request, response);
  }

 private:
  const FakeHandlers& handlers_;
};

class Health final : public grpc::health::v1::Health::Service {
 public:
  explicit Health(const FakeHandlers& handlers) : handlers_(handlers) {}
  grpc::Status Check(grpc::ServerContext* context,
                     const grpc::health::v1::HealthCheckRequest* request,
                     grpc::health::v1::HealthCheckResponse* response) override {
    return Answer(handlers_.health, context, request, response);
  }

 private:
  const FakeHandlers& handlers_;
};

}  // namespace

FakeServer::FakeServer(FakeHandlers handlers) : handlers_(std::move(handlers)) {
  services_.push_back(std::make_unique<HiddenStates>(handlers_));
  services_.push_back(std::make_unique<Tokenizer>(handlers_));
  services_.push_back(std::make_unique<Models>(handlers_));
  services_.push_back(std::make_unique<Health>(handlers_));
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetMaxReceiveMessageSize(-1);
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                           &port_);
  for (const auto& service : services_) builder.RegisterService(service.get());
  server_ = builder.BuildAndStart();
}

FakeServer::~FakeServer() { server_->Shutdown(); }

std::string FakeServer::address() const {
  return absl::StrCat("127.0.0.1:", port_);
}

grpc::Status RichStatus(
    grpc::StatusCode code, const std::string& message,
    const std::vector<const google::protobuf::Message*>& details) {
  google::rpc::Status rich;
  rich.set_code(code);
  rich.set_message(message);
  for (const auto* detail : details) rich.add_details()->PackFrom(*detail);
  return {code, message, rich.SerializeAsString()};
}

grpc::Status ReasonStatus(grpc::StatusCode code, const std::string& message,
                          const std::string& reason) {
  google::rpc::ErrorInfo info;
  info.set_domain("strata");
  info.set_reason(reason);
  return RichStatus(code, message, {&info});
}

grpc::Status FullStatus(const std::string& message, int retry_after_ms) {
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(retry_after_ms / 1000);
  retry.mutable_retry_delay()->set_nanos(retry_after_ms % 1000 * 1'000'000);
  return RichStatus(grpc::StatusCode::RESOURCE_EXHAUSTED, message, {&retry});
}

}  // namespace strata
