// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_LOAD_METER_H_
#define STRATA_SERVER_LOAD_METER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/base/observer.h"
#include "server/orca.h"

namespace strata {

// CPU time that this process has used.
absl::Duration ProcessCpuTime();

// How loaded the server is, for balancers that choose by it. Stands between the
// engine and `next`, to which it passes on what it is told. A report is made
// anew after a second at the earliest, out of what happened since the one
// before it, so that one costs an answer no more than a lock. Thread-safe.
class LoadMeter final : public Observer {
 public:
  struct Options {
    // What stands for a share of 1: CPUs, instances of devices, and requests in
    // flight.
    int cpus = 1;
    int devices = 1;
    int max_requests = 1;
    std::function<absl::Duration()> cpu_time = ProcessCpuTime;
  };

  // `next` and `clock` outlive it.
  LoadMeter(Observer& next, Options options, const Clock& clock);

  // A serialized xds.data.orca.v3.OrcaLoadReport; empty in the first second.
  std::string Report() ABSL_LOCKS_EXCLUDED(mutex_);

  void OnRequestDone(absl::string_view model, const absl::Status& status,
                     int inputs, const StageTimings& timings) override;
  void OnBatch(absl::string_view model, const BatchInfo& batch,
               absl::Duration compute) override;
  void OnInputFailed(absl::string_view model) override;
  void OnCompilations(absl::string_view model, int graphs) override;
  void OnQueueDepth(int waiting_inputs) override;
  void OnInFlight(int requests) override;
  void OnReplyMemory(std::int64_t bytes, std::int64_t leased_bytes) override;
  void OnSpill() override;

 private:
  // All that has happened up to a moment.
  struct Totals {
    absl::Time time;
    absl::Duration cpu_time;
    std::int64_t requests = 0;
    std::int64_t errors = 0;
    std::int64_t forward_ns = 0;
  };

  Totals Count() const;
  OrcaLoad LoadBetween(const Totals& begin, const Totals& end) const;

  Observer& next_;
  const Options options_;
  const Clock& clock_;

  std::atomic<std::int64_t> requests_ = 0;
  std::atomic<std::int64_t> errors_ = 0;
  std::atomic<std::int64_t> forward_ns_ = 0;
  std::atomic<int> in_flight_ = 0;

  Mutex mutex_;
  Totals last_ ABSL_GUARDED_BY(mutex_);
  std::string report_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace strata

#endif  // STRATA_SERVER_LOAD_METER_H_
