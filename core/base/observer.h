// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_BASE_OBSERVER_H_
#define STRATA_CORE_BASE_OBSERVER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace strata {

// How long each stage of a request took: the one set of timings that feeds the
// answer, the metrics and the log.
struct StageTimings {
  absl::Duration tokenize;
  absl::Duration queue;
  absl::Duration compute;
  absl::Duration total;
};

// What a forward carried.
struct BatchInfo {
  int rows = 0;
  int pieces = 0;
  int padded_pieces = 0;
};

// Told what the engine does, for metrics. Called from many threads at once,
// never under a lock but where it says so; implementations are thread-safe and
// do not block.
class Observer {
 public:
  virtual ~Observer() = default;

  // A request for `model`, as its caller named it (the name may be unknown or
  // empty), ended, well or not.
  virtual void OnRequestDone(absl::string_view model,
                             const absl::Status& status, int inputs,
                             const StageTimings& timings) = 0;
  // A forward of `model` ended.
  virtual void OnBatch(absl::string_view model, const BatchInfo& batch,
                       absl::Duration compute) = 0;
  // An input failed in a forward of its own.
  virtual void OnInputFailed(absl::string_view model) = 0;
  // Graphs that a forward of `model` compiled while a batch waited for it:
  // none, if the loading has done its part.
  virtual void OnCompilations(absl::string_view model, int graphs) = 0;
  // Inputs that now wait for a device, and requests that are in flight.
  virtual void OnQueueDepth(int waiting_inputs) = 0;
  virtual void OnInFlight(int requests) = 0;
  // Bytes of answers that are computed, or about to be, and not sent, and of
  // the batches' memory that they now hold. Under a lock, so that what comes
  // last is what holds.
  virtual void OnReplyMemory(std::int64_t bytes, std::int64_t leased_bytes) = 0;
  // An input's part of an answer was copied out of its batch's memory, of which
  // too much was held. Under the same lock.
  virtual void OnSpill() = 0;
};

}  // namespace strata

#endif  // STRATA_CORE_BASE_OBSERVER_H_
