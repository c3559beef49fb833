// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_BENCH_CALLER_H_
#define STRATA_TESTS_BENCH_CALLER_H_

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "tests/bench/requests.h"
#include "tests/bench/tally.h"

namespace strata::bench {

using SteadyClock = std::chrono::steady_clock;

// A call on its way, and what came of it.
struct Call {
  const Request* request = nullptr;
  // From when on its latency counts.
  SteadyClock::time_point begin;
  // When Caller::Next saw its end.
  SteadyClock::time_point end;
  grpc::ClientContext context;
  grpc::ByteBuffer answer;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> reader;

  Ended ToEnded() const;
};

// Sends requests over one completion queue and parses nothing, so that it costs
// the machine that it shares with the server little. Any thread may send; one
// takes what has ended.
class Caller {
 public:
  // `method` as "/strata.v1.HiddenStateService/Encode"; calls take turns on
  // `connections`.
  Caller(const std::string& address, std::string method, int connections);
  // Cancels what is on its way, and waits for its end.
  ~Caller();

  // `request` outlives the call.
  void Send(const Request& request, SteadyClock::time_point begin);

  // The next call that ends; nullptr at `deadline`.
  std::unique_ptr<Call> Next(SteadyClock::time_point deadline);

  void CancelAll();

  int in_flight() const;

 private:
  const std::string method_;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
  grpc::CompletionQueue queue_;
  mutable std::mutex mutex_;
  // Both by mutex_.
  std::unordered_set<Call*> calls_;
  std::size_t next_stub_ = 0;
};

}  // namespace strata::bench

#endif  // STRATA_TESTS_BENCH_CALLER_H_
