// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_SERVER_FAKE_COLLECTOR_H_
#define STRATA_TESTS_SERVER_FAKE_COLLECTOR_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "core/base/mutex.h"
#include "grpcpp/server.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/status.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.grpc.pb.h"
#include "server/request_spans.h"

namespace strata {

// An OTLP collector on a free port of 127.0.0.1 that remembers what it is sent.
// Thread-safe.
class FakeCollector final : private opentelemetry::proto::collector::trace::v1::
                                TraceService::Service {
 public:
  using Request =
      opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest;
  using Response =
      opentelemetry::proto::collector::trace::v1::ExportTraceServiceResponse;

  FakeCollector();
  // Lets all messages through and stops.
  ~FakeCollector() override;

  // HOST:PORT.
  std::string address() const;

  // From now on a message is not answered until Release; it is answered with
  // this status, and so many of its spans are refused.
  void Hold();
  void Release();
  void Answer(const grpc::Status& status, std::int64_t rejected = 0);

  // Waits until so many messages have come, answered or not.
  void AwaitMessages(int count);
  // Waits until so many spans have come, and returns all.
  std::vector<Span> AwaitSpans(int count);
  // All that came.
  std::vector<Request> messages() const;

 private:
  grpc::Status Export(grpc::ServerContext* context, const Request* request,
                      Response* response) override;
  std::vector<Span> Spans() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<Request> messages_ ABSL_GUARDED_BY(mutex_);
  bool holding_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Status status_ ABSL_GUARDED_BY(mutex_);
  std::int64_t rejected_ ABSL_GUARDED_BY(mutex_) = 0;

  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace strata

#endif  // STRATA_TESTS_SERVER_FAKE_COLLECTOR_H_
