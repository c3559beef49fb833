// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/echo_server.h"

#include <cstddef>
#include <cstdint>
#include <iostream>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "grpcpp/generic/async_generic_service.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/support/slice.h"

namespace strata::bench {
namespace {

constexpr std::size_t kMostBytes = std::size_t{512} << 20;

std::string ToString(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string text;
  if (!buffer.Dump(&slices).ok()) return text;
  for (const grpc::Slice& slice : slices) {
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return text;
}

// One call; deletes itself at its end, as gRPC's reactors do.
class EchoCall final : public grpc::ServerGenericBidiReactor {
 public:
  explicit EchoCall(const std::vector<char>& ready) : ready_(ready) {
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    std::int64_t bytes = 0;
    if (!ok || !absl::SimpleAtoi(ToString(request_), &bytes) || bytes < 0 ||
        bytes > std::ssize(ready_)) {
      Finish(
          {grpc::StatusCode::INVALID_ARGUMENT, "expected a number of bytes"});
      return;
    }
    const grpc::Slice slice(ready_.data(), static_cast<std::size_t>(bytes),
                            grpc::Slice::STATIC_SLICE);
    answer_ = grpc::ByteBuffer(&slice, 1);
    StartWriteAndFinish(&answer_, {}, grpc::Status::OK);
  }

  void OnDone() override { delete this; }

 private:
  const std::vector<char>& ready_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer answer_;
};

class EchoService final : public grpc::CallbackGenericService {
 public:
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* /*context*/) override {
    return new EchoCall(ready_);
  }

 private:
  const std::vector<char> ready_ = std::vector<char>(kMostBytes, 'x');
};

}  // namespace

absl::Status RunEchoServer() {
  EchoService service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                           &port);
  builder.RegisterCallbackGenericService(&service);
  builder.SetMaxSendMessageSize(-1);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    return absl::UnavailableError("no port to listen on");
  }
  std::cout << "listening on 127.0.0.1:" << port << "\n" << std::flush;
  std::cin.ignore(std::numeric_limits<std::streamsize>::max());
  server->Shutdown();
  return absl::OkStatus();
}

}  // namespace strata::bench
