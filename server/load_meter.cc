// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/load_meter.h"

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/base/observer.h"
#include "server/orca.h"

namespace strata {
namespace {

constexpr absl::Duration kLeastWindow = absl::Seconds(1);

// Whether another server might have done better: a balancer then sends less
// here. What a caller did wrong it would do wrong everywhere.
bool IsServersFailure(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kDeadlineExceeded:
      return true;
    default:
      return false;
  }
}

}  // namespace

absl::Duration ProcessCpuTime() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return absl::DurationFromTimespec(time);
}

LoadMeter::LoadMeter(Observer& next, Options options, const Clock& clock)
    : next_(next), options_(std::move(options)), clock_(clock) {
  const MutexLock lock(mutex_);
  last_ = Count();
}

LoadMeter::Totals LoadMeter::Count() const {
  return {.time = clock_.Now(),
          .cpu_time = options_.cpu_time(),
          .requests = requests_,
          .errors = errors_,
          .forward_ns = forward_ns_};
}

OrcaLoad LoadMeter::LoadBetween(const Totals& begin, const Totals& end) const {
  const double seconds = absl::ToDoubleSeconds(end.time - begin.time);
  const double cpu = absl::ToDoubleSeconds(end.cpu_time - begin.cpu_time) /
                     (seconds * options_.cpus);
  const double busy = 1e-9 *
                      static_cast<double>(end.forward_ns - begin.forward_ns) /
                      (seconds * options_.devices);
  const double queue = static_cast<double>(in_flight_) / options_.max_requests;
  return {
      .cpu_utilization = cpu,
      // Of a server on CUDA devices the CPUs say nothing, and forwards of one
      // instance may have all of the CPUs.
      .application_utilization = std::max(cpu, std::min(busy, 1.0)),
      .queue_utilization = std::clamp(queue, 0.0, 1.0),
      .requests_per_second =
          static_cast<double>(end.requests - begin.requests) / seconds,
      .errors_per_second =
          static_cast<double>(end.errors - begin.errors) / seconds,
  };
}

std::string LoadMeter::Report() {
  const MutexLock lock(mutex_);
  if (clock_.Now() - last_.time >= kLeastWindow) {
    const Totals now = Count();
    report_ = SerializeOrca(LoadBetween(last_, now));
    last_ = now;
  }
  return report_;
}

void LoadMeter::OnRequestDone(absl::string_view model,
                              const absl::Status& status, int inputs,
                              const StageTimings& timings) {
  ++requests_;
  if (IsServersFailure(status)) ++errors_;
  next_.OnRequestDone(model, status, inputs, timings);
}

void LoadMeter::OnBatch(absl::string_view model, const BatchInfo& batch,
                        absl::Duration compute) {
  forward_ns_ += absl::ToInt64Nanoseconds(compute);
  next_.OnBatch(model, batch, compute);
}

void LoadMeter::OnInputFailed(absl::string_view model) {
  next_.OnInputFailed(model);
}

void LoadMeter::OnCompilations(absl::string_view model, int graphs) {
  next_.OnCompilations(model, graphs);
}

void LoadMeter::OnQueueDepth(int waiting_inputs) {
  next_.OnQueueDepth(waiting_inputs);
}

void LoadMeter::OnInFlight(int requests) {
  in_flight_ = requests;
  next_.OnInFlight(requests);
}

void LoadMeter::OnReplyMemory(std::int64_t bytes, std::int64_t leased_bytes) {
  next_.OnReplyMemory(bytes, leased_bytes);
}

void LoadMeter::OnSpill() { next_.OnSpill(); }

}  // namespace strata
