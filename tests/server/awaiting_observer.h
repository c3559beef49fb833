// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_SERVER_AWAITING_OBSERVER_H_
#define STRATA_TESTS_SERVER_AWAITING_OBSERVER_H_

#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/base/observer.h"

namespace strata {

// Passes on what it is told, and lets a test wait for it. Thread-safe.
class AwaitingObserver final : public Observer {
 public:
  explicit AwaitingObserver(Observer& next) : next_(next) {}

  // Waits until `inputs` wait for a device.
  void AwaitQueueDepth(int inputs) {
    MutexLock lock(mutex_);
    while (queue_depth_ != inputs) changed_.Wait(mutex_);
  }

  // Waits until a request has ended with this code.
  void AwaitDone(absl::StatusCode code) {
    MutexLock lock(mutex_);
    while (last_done_ != code) changed_.Wait(mutex_);
  }

  // From now on, whoever tells of the end of a request waits for Release.
  void Hold() {
    MutexLock lock(mutex_);
    holding_ = true;
  }
  void Release() {
    MutexLock lock(mutex_);
    holding_ = false;
    changed_.NotifyAll();
  }
  // Waits until somebody waits.
  void AwaitHeld() {
    MutexLock lock(mutex_);
    while (held_ == 0) changed_.Wait(mutex_);
  }

  void OnRequestDone(absl::string_view model, const absl::Status& status,
                     int inputs, const StageTimings& timings) override {
    next_.OnRequestDone(model, status, inputs, timings);
    MutexLock lock(mutex_);
    last_done_ = status.code();
    ++held_;
    changed_.NotifyAll();
    while (holding_) changed_.Wait(mutex_);
    --held_;
  }
  void OnBatch(absl::string_view model, const BatchInfo& batch,
               absl::Duration compute) override {
    next_.OnBatch(model, batch, compute);
  }
  void OnInputFailed(absl::string_view model) override {
    next_.OnInputFailed(model);
  }
  void OnCompilations(absl::string_view model, int graphs) override {
    next_.OnCompilations(model, graphs);
  }
  void OnQueueDepth(int waiting_inputs) override {
    next_.OnQueueDepth(waiting_inputs);
    MutexLock lock(mutex_);
    queue_depth_ = waiting_inputs;
    changed_.NotifyAll();
  }
  void OnInFlight(int requests) override { next_.OnInFlight(requests); }
  void OnReplyMemory(std::int64_t bytes, std::int64_t leased_bytes) override {
    next_.OnReplyMemory(bytes, leased_bytes);
  }
  void OnSpill() override { next_.OnSpill(); }

 private:
  Observer& next_;
  Mutex mutex_;
  CondVar changed_;
  bool holding_ ABSL_GUARDED_BY(mutex_) = false;
  // Threads in OnRequestDone.
  int held_ ABSL_GUARDED_BY(mutex_) = 0;
  int queue_depth_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::StatusCode last_done_ ABSL_GUARDED_BY(mutex_) =
      absl::StatusCode::kUnknown;
};

}  // namespace strata

#endif  // STRATA_TESTS_SERVER_AWAITING_OBSERVER_H_
