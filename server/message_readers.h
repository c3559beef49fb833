// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_MESSAGE_READERS_H_
#define STRATA_SERVER_MESSAGE_READERS_H_

#include <atomic>
#include <cstdint>

#include "absl/functional/any_invocable.h"
#include "core/base/thread_pool.h"

namespace strata {

// Reads large messages on threads of its own. gRPC has few for all calls, two
// on a small machine: a message of many MiB, whose reading takes seconds, would
// hold up everybody else's there, and health's with them. Thread-safe.
class MessageReaders {
 public:
  // Bytes of a message that is read in less time than it takes to hand it over,
  // or not much more.
  static constexpr std::int64_t kShortMessage = std::int64_t{64} << 10;

  // `max_bytes`: of the messages that wait to be read, or are.
  MessageReaders(int threads, std::int64_t max_bytes)
      : max_bytes_(max_bytes), pool_(threads) {}

  // Runs `read`, which reads a message of `bytes` bytes and acts on it: on the
  // calling thread where it is short, or where too much waits already, so that
  // the calling thread, which is gRPC's, takes no more off the network
  // meanwhile; else on one of the readers'.
  void Read(std::int64_t bytes, absl::AnyInvocable<void()> read);

 private:
  const std::int64_t max_bytes_;
  std::atomic<std::int64_t> bytes_ = 0;
  ThreadPool pool_;
};

}  // namespace strata

#endif  // STRATA_SERVER_MESSAGE_READERS_H_
