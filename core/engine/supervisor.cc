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
constexpr absl::Duration kShortestPeriod = absl::Milliseconds(1);
// How often models that are failing are tried.
constexpr absl::Duration kTrialPeriod = absl::Seconds(1);
constexpr int kLooksInTimeout = 4;
// How many times its prediction a forward may take before it is stuck.
constexpr int kMostOverrun = 4;

absl::Duration PeriodOf(absl::Duration hang_timeout) {
  if (hang_timeout == absl::ZeroDuration()) return kLongestPeriod;
  return std::clamp(hang_timeout / kLooksInTimeout, kShortestPeriod,
                    kLongestPeriod);
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
  absl::Duration since_trials;
  while (true) {
    {
      MutexLock lock(mutex_);
      if (!stopped_) stopping_.WaitFor(mutex_, period_);
      if (stopped_) return;
    }
    for (Watched& worker : workers_) Look(worker);
    DropUnserved();
    since_trials += period_;
    if (since_trials >= kTrialPeriod) {
      since_trials = absl::ZeroDuration();
      for (const auto& model : trials_.TakeDue()) Try(model);
    }
    Tell();
  }
}

void Supervisor::Look(Watched& worker) {
  const std::uint64_t steps = worker.progress.steps();
  const std::string model = worker.progress.model();
  if (model.empty() || steps != worker.steps) {
    worker.steps = steps;
    worker.still = 0;
    const MutexLock lock(mutex_);
    worker.stuck = false;
    if (!worker.lost) worker.trouble = absl::OkStatus();
    return;
  }
  if (options_.hang_timeout == absl::ZeroDuration()) return;
  const absl::Duration patience = std::max(
      options_.hang_timeout, kMostOverrun * worker.progress.predicted());
  const std::int64_t looks = absl::Ceil(patience, period_) / period_;
  ++worker.still;
  if (worker.still >= 2 * looks) {
    const MutexLock lock(mutex_);
    worker.lost |= worker.stuck;
  } else if (worker.still >= looks) {
    GiveUp(worker, model, patience);
  }
}

void Supervisor::GiveUp(Watched& worker, const std::string& model,
                        absl::Duration patience) {
  {
    const MutexLock lock(mutex_);
    if (worker.stuck || worker.lost) return;
  }
  const std::string what = absl::StrCat(
      "a forward of model \"", model, "\" on ", worker.instance.device,
      " has not come on for ", absl::FormatDuration(patience));
  const bool stands_still = worker.progress.Fail(
      Error(Reason::kDeviceLost,
            absl::StrCat(what,
                         "; the request was in its batch and may be the "
                         "cause: send it to another server once at most")),
      worker.steps);
  if (!stands_still) return;
  const MutexLock lock(mutex_);
  worker.stuck = true;
  worker.trouble =
      Error(Reason::kDeviceLost,
            absl::StrCat(
                what, "; send the request to another server, or again later"));
}

void Supervisor::OnLost(int worker, const absl::Status& why) {
  {
    const MutexLock lock(mutex_);
    workers_[worker].trouble = why;
    workers_[worker].lost = true;
  }
  DropUnserved();
  Tell();
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
  if (trials_.OnRan(model)) Tell();
}

void Supervisor::OnInputFailed(const std::shared_ptr<const Model>& model) {
  if (trials_.OnInputFailed(model)) Try(model);
}

void Supervisor::Try(const std::shared_ptr<const Model>& model) {
  std::vector<Queue<Model>::Item> items(1);
  items[0].lane = model;
  items[0].sequence = SmallestWarmUp(model->max_pieces);
  items[0].priority = kMostPriority;
  items[0].done = [this, model](const absl::StatusOr<Computed>& computed) {
    if (computed.ok()) return;
    if (trials_.OnTrialFailed(*model, IsVerdict(computed.status()))) Tell();
  };
  if (!queue_.Push(items).ok()) trials_.OnTrialFailed(*model, false);
}

void Supervisor::Tell() {
  {
    const MutexLock lock(told_mutex_);
    Fitness now = fitness();
    if (now == told_) return;
    told_ = std::move(now);
  }
  if (options_.changed != nullptr) options_.changed();
}

Fitness Supervisor::fitness() const {
  Fitness fitness{.failing = trials_.failing()};
  const MutexLock lock(mutex_);
  for (const Watched& worker : workers_) {
    if (worker.stuck) ++fitness.stuck_forwards;
    if (worker.trouble.ok() || fitness.lost) continue;
    fitness.devices = worker.trouble;
    fitness.lost = worker.lost;
  }
  return fitness;
}

}  // namespace strata
