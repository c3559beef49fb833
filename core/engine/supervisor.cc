// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/engine/supervisor.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/base/mutex.h"
#include "core/batch/queue.h"
#include "core/batch/request.h"
#include "core/engine/device_instance.h"
#include "core/engine/fitness.h"
#include "core/model/model.h"
#include "core/model/warm_up.h"

namespace strata {
namespace {

constexpr absl::Duration kLongestPeriod = absl::Seconds(1);
constexpr int kLooksInTimeout = 4;
// How many times its prediction a forward may take before it is stuck.
constexpr int kMostOverrun = 4;

absl::Duration PeriodOf(absl::Duration hang_timeout) {
  if (hang_timeout == absl::ZeroDuration()) return kLongestPeriod;
  return std::min(hang_timeout / kLooksInTimeout, kLongestPeriod);
}

// Whether a trial that ended so says something about the model.
bool IsVerdict(const absl::Status& status) {
  return ReasonOf(status) == Reason::kForwardFailed ||
         absl::IsResourceExhausted(status);
}

}  // namespace

Supervisor::Supervisor(Options options,
                       const std::vector<DeviceInstance>& workers,
                       Queue<Model>& queue)
    : options_(std::move(options)),
      period_(PeriodOf(options_.hang_timeout)),
      queue_(queue) {
  for (const DeviceInstance& worker : workers) workers_.emplace_back(worker);
  thread_ = std::jthread([this] { Watch(); });
}

Supervisor::~Supervisor() { Stop(); }

void Supervisor::Stop() {
  {
    const MutexLock lock(mutex_);
    stopped_ = true;
    stopping_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void Supervisor::Watch() {
  while (true) {
    {
      MutexLock lock(mutex_);
      if (!stopped_) stopping_.WaitFor(mutex_, period_);
      if (stopped_) return;
    }
    bool changed = false;
    for (Watched& worker : workers_) changed |= Look(worker);
    if (changed) Changed();
    DropUnserved();
    for (const auto& model : trials_.TakeDue()) Try(model);
  }
}

bool Supervisor::Look(Watched& worker) {
  const std::uint64_t steps = worker.progress.steps();
  const std::string model = worker.progress.model();
  if (model.empty() || steps != worker.steps) {
    worker.steps = steps;
    worker.still = 0;
    const MutexLock lock(mutex_);
    if (worker.lost || worker.trouble.ok()) return false;
    worker.trouble = absl::OkStatus();
    return true;
  }
  if (options_.hang_timeout == absl::ZeroDuration()) return false;
  const absl::Duration patience = std::max(
      options_.hang_timeout, kMostOverrun * worker.progress.predicted());
  const std::int64_t looks = absl::Ceil(patience, period_) / period_;
  ++worker.still;
  if (worker.still == looks) {
    const absl::Status why = Error(
        Reason::kDeviceLost,
        absl::StrCat("a forward of model \"", model, "\" on ",
                     worker.instance.device, " has not come on for ",
                     absl::FormatDuration(patience),
                     "; send the request to another server, or again later"));
    {
      const MutexLock lock(mutex_);
      if (worker.lost) return false;
      worker.trouble = why;
    }
    worker.progress.Fail(why);
    return true;
  }
  if (worker.still != 2 * looks) return false;
  const MutexLock lock(mutex_);
  return !std::exchange(worker.lost, true);
}

void Supervisor::OnLost(int worker, const absl::Status& why) {
  {
    const MutexLock lock(mutex_);
    workers_[worker].trouble = why;
    workers_[worker].lost = true;
  }
  DropUnserved();
  Changed();
}

void Supervisor::FailAll(const absl::Status& status) {
  for (Watched& worker : workers_) worker.progress.Fail(status);
}

absl::Status Supervisor::CheckServed(const Model& model) const {
  const MutexLock lock(mutex_);
  absl::Status trouble;
  for (const Watched& worker : workers_) {
    if (worker.instance.RunnerOf(model) == nullptr) continue;
    if (worker.trouble.ok()) return absl::OkStatus();
    trouble = worker.trouble;
  }
  return trouble;
}

void Supervisor::DropUnserved() {
  queue_.Drop([this](const Model& model) { return CheckServed(model); });
}

void Supervisor::OnRan(const Model& model) {
  if (trials_.OnRan(model)) Changed();
}

void Supervisor::OnInputFailed(const std::shared_ptr<const Model>& model) {
  if (trials_.OnInputFailed(model)) Try(model);
}

void Supervisor::Try(const std::shared_ptr<const Model>& model) {
  std::vector<Queue<Model>::Item> items(1);
  items[0].lane = model;
  items[0].sequence = SmallestWarmUp(model->max_pieces);
  items[0].priority = Queue<Model>::kMostPriority;
  items[0].done = [this, model](const absl::StatusOr<Computed>& computed) {
    if (computed.ok()) return;
    if (trials_.OnTrialFailed(*model, IsVerdict(computed.status()))) Changed();
  };
  if (!queue_.Push(items).ok()) trials_.OnTrialFailed(*model, false);
}

Fitness Supervisor::fitness() const {
  Fitness fitness{.failing = trials_.failing()};
  const MutexLock lock(mutex_);
  for (const Watched& worker : workers_) {
    if (worker.trouble.ok()) continue;
    fitness.devices = worker.trouble;
    fitness.lost |= worker.lost;
    if (!worker.progress.model().empty()) ++fitness.stuck_forwards;
  }
  return fitness;
}

}  // namespace strata
