// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_CLIENT_CLI_PUPPET_BYTES_H_
#define STRATA_TESTS_CLIENT_CLI_PUPPET_BYTES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/byte_source.h"
#include "core/base/mutex.h"

namespace strata::cli {

// Bytes that come when a test says so, in the reads that it says. Thread-safe.
//
//   PuppetBytes bytes;
//   bytes.Give("one\nt");   // a read
//   bytes.Give("wo\n");     // another
//   bytes.End();
class PuppetBytes final : public ByteSource {
 public:
  // What size() says.
  explicit PuppetBytes(std::optional<std::int64_t> size = std::nullopt)
      : size_(size) {}

  // At most as much as a reader has room for.
  void Give(std::string bytes) { Push(std::move(bytes)); }
  void End() { Push(std::string()); }
  void Fail(const std::string& why) { Push(absl::UnknownError(why)); }

  absl::StatusOr<std::size_t> Read(std::span<char> buffer) override {
    const MutexLock lock(mutex_);
    ++reads_;
    changed_.NotifyAll();
    while (events_.empty() && !interrupted_) changed_.Wait(mutex_);
    if (interrupted_) return 0;
    const absl::StatusOr<std::string> event = events_.front();
    // The end, and an error, stay.
    if (event.ok() && !event->empty()) events_.pop_front();
    if (!event.ok()) return event.status();
    std::ranges::copy(*event, buffer.begin());
    return event->size();
  }

  void Interrupt() override {
    const MutexLock lock(mutex_);
    interrupted_ = true;
    changed_.NotifyAll();
  }

  [[nodiscard]] std::string name() const override { return "the puppet"; }
  [[nodiscard]] std::optional<std::int64_t> size() const override {
    return size_;
  }

  // Until Read has been called so often.
  void AwaitReads(int count) {
    const MutexLock lock(mutex_);
    while (reads_ < count) changed_.Wait(mutex_);
  }
  int reads() {
    const MutexLock lock(mutex_);
    return reads_;
  }

 private:
  void Push(absl::StatusOr<std::string> event) {
    const MutexLock lock(mutex_);
    events_.push_back(std::move(event));
    changed_.NotifyAll();
  }

  const std::optional<std::int64_t> size_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<absl::StatusOr<std::string>> events_ ABSL_GUARDED_BY(mutex_);
  bool interrupted_ ABSL_GUARDED_BY(mutex_) = false;
  int reads_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace strata::cli

#endif  // STRATA_TESTS_CLIENT_CLI_PUPPET_BYTES_H_
