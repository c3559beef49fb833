// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/caller.h"

#include <array>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "tests/bench/requests.h"
#include "tests/bench/tally.h"

namespace strata::bench {
namespace {

constexpr std::array<std::string_view, 17> kCodes = {"OK",
                                                     "CANCELLED",
                                                     "UNKNOWN",
                                                     "INVALID_ARGUMENT",
                                                     "DEADLINE_EXCEEDED",
                                                     "NOT_FOUND",
                                                     "ALREADY_EXISTS",
                                                     "PERMISSION_DENIED",
                                                     "RESOURCE_EXHAUSTED",
                                                     "FAILED_PRECONDITION",
                                                     "ABORTED",
                                                     "OUT_OF_RANGE",
                                                     "UNIMPLEMENTED",
                                                     "INTERNAL",
                                                     "UNAVAILABLE",
                                                     "DATA_LOSS",
                                                     "UNAUTHENTICATED"};

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  // A connection of its own.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(),
                                   arguments);
}

// gRPC's deadlines are of the system's clock.
std::chrono::system_clock::time_point ToSystem(
    SteadyClock::time_point deadline) {
  return std::chrono::system_clock::now() +
         std::chrono::duration_cast<std::chrono::system_clock::duration>(
             deadline - SteadyClock::now());
}

}  // namespace

Ended Call::ToEnded() const {
  Ended ended{
      .seconds = std::chrono::duration<double>(end - begin).count(),
      .outcome = std::string(kCodes.at(status.error_code())),
      .texts = request->texts,
      .pieces = request->pieces,
      .longest = request->longest,
      .bytes = static_cast<std::int64_t>(status.ok() ? answer.Length() : 0)};
  if (status.ok() && ended.bytes < request->least_answer_bytes) {
    ended.outcome = "SHORT_ANSWER";
  }
  return ended;
}

Caller::Caller(const std::string& address, std::string method, int connections)
    : method_(std::move(method)) {
  for (int i = 0; i < connections; ++i) {
    stubs_.push_back(std::make_unique<grpc::GenericStub>(Connect(address)));
  }
}

Caller::~Caller() {
  CancelAll();
  while (in_flight() > 0) {
    Next(SteadyClock::now() + std::chrono::seconds(1));
  }
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

void Caller::Send(const Request& request, SteadyClock::time_point begin) {
  // Owned by the queue from here on; Next takes it back.
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory)
  Call* call = std::make_unique<Call>().release();
  call->request = &request;
  call->begin = begin;
  grpc::GenericStub* stub = nullptr;
  {
    const std::lock_guard lock(mutex_);
    calls_.insert(call);
    stub = stubs_[next_stub_++ % stubs_.size()].get();
  }
  call->reader =
      stub->PrepareUnaryCall(&call->context, method_, request.bytes, &queue_);
  call->reader->StartCall();
  call->reader->Finish(&call->answer, &call->status, call);
}

std::unique_ptr<Call> Caller::Next(SteadyClock::time_point deadline) {
  void* tag = nullptr;
  bool ok = false;
  const auto next = queue_.AsyncNext(&tag, &ok, ToSystem(deadline));
  if (next != grpc::CompletionQueue::GOT_EVENT) return nullptr;
  std::unique_ptr<Call> call(static_cast<Call*>(tag));
  call->end = SteadyClock::now();
  const std::lock_guard lock(mutex_);
  calls_.erase(call.get());
  return call;
}

void Caller::CancelAll() {
  const std::lock_guard lock(mutex_);
  for (Call* call : calls_) call->context.TryCancel();
}

int Caller::in_flight() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(calls_.size());
}

}  // namespace strata::bench
