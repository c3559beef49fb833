// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/server/fake_collector.h"

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/mutex.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/status.h"
#include "server/request_spans.h"

namespace strata {

FakeCollector::FakeCollector() {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                           &port_);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
}

FakeCollector::~FakeCollector() {
  Release();
  server_->Shutdown();
}

std::string FakeCollector::address() const {
  return absl::StrCat("127.0.0.1:", port_);
}

void FakeCollector::Hold() {
  MutexLock lock(mutex_);
  holding_ = true;
}

void FakeCollector::Release() {
  MutexLock lock(mutex_);
  holding_ = false;
  changed_.NotifyAll();
}

void FakeCollector::Answer(const grpc::Status& status, std::int64_t rejected) {
  MutexLock lock(mutex_);
  status_ = status;
  rejected_ = rejected;
}

void FakeCollector::AwaitMessages(int count) {
  MutexLock lock(mutex_);
  while (std::ssize(messages_) < count) changed_.Wait(mutex_);
}

std::vector<Span> FakeCollector::AwaitSpans(int count) {
  MutexLock lock(mutex_);
  while (std::ssize(Spans()) < count) changed_.Wait(mutex_);
  return Spans();
}

std::vector<FakeCollector::Request> FakeCollector::messages() const {
  MutexLock lock(mutex_);
  return messages_;
}

std::vector<Span> FakeCollector::Spans() const {
  std::vector<Span> spans;
  for (const Request& message : messages_) {
    for (const auto& resource : message.resource_spans()) {
      for (const auto& scope : resource.scope_spans()) {
        spans.insert(spans.end(), scope.spans().begin(), scope.spans().end());
      }
    }
  }
  return spans;
}

grpc::Status FakeCollector::Export(grpc::ServerContext* /*context*/,
                                   const Request* request, Response* response) {
  MutexLock lock(mutex_);
  messages_.push_back(*request);
  changed_.NotifyAll();
  while (holding_) changed_.Wait(mutex_);
  response->mutable_partial_success()->set_rejected_spans(rejected_);
  return status_;
}

}  // namespace strata
