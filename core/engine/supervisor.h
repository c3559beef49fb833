// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_ENGINE_SUPERVISOR_H_
#define STRATA_CORE_ENGINE_SUPERVISOR_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/batch/queue.h"
#include "core/engine/device_instance.h"
#include "core/engine/fitness.h"
#include "core/engine/model_trials.h"
#include "core/engine/progress.h"
#include "core/model/model.h"

namespace strata {

// Watches workers and models, on a thread of its own, and gives up on those
// that do not do their work, so that their callers can go elsewhere.
//
// A forward that does not come on for `hang_timeout`, or for four times what it
// was predicted to take if that is more, is stuck: what its worker has in hand
// fails with DEVICE_LOST. If it comes on again its worker is trusted again; if
// not within as much again, the device is lost. So is one whose worker says so.
// Where no worker is left for a model, what waits for it fails too. It looks a
// few times in each hang_timeout and counts looks, not time, so that a process
// that was stopped for a while has lost nothing.
//
// For models that always fail see ModelTrials.
//
// Thread-safe.
class Supervisor {
 public:
  struct Options {
    // Zero: nothing is ever stuck.
    absl::Duration hang_timeout;
    // Called whenever fitness() has become another, under no lock; null:
    // nobody wants to know.
    std::function<void()> changed;
  };

  // `queue` outlives the supervisor, which outlives the workers.
  Supervisor(Options options, const std::vector<DeviceInstance>& workers,
             Queue<Model>& queue);
  // As Stop.
  ~Supervisor();

  // What a worker feeds, and where it says how it comes on.
  const DeviceInstance& instance(int worker) const {
    return workers_[worker].instance;
  }
  Progress& progress(int worker) { return workers_[worker].progress; }

  // A forward of `model` ended well.
  void OnRan(const Model& model);
  // An input of `model` failed by itself.
  void OnInputFailed(const std::shared_ptr<const Model>& model);
  // The worker's device computes nothing any more; `why` is a DEVICE_LOST.
  void OnLost(int worker, const absl::Status& why) ABSL_LOCKS_EXCLUDED(mutex_);

  // Fails what any worker has in hand.
  void FailAll(const absl::Status& status);

  // DEVICE_LOST where no worker is left that could run `model`.
  absl::Status CheckServed(const Model& model) const
      ABSL_LOCKS_EXCLUDED(mutex_);

  Fitness fitness() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Looks no more. Idempotent.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Watched {
    explicit Watched(DeviceInstance watched) : instance(std::move(watched)) {}

    const DeviceInstance instance;
    Progress progress;
    // Of the watching thread alone: what the last look saw, and how many since
    // saw the same.
    std::uint64_t steps = 0;
    int still = 0;
    // Guarded by mutex_: why it is not to be counted on; OK: it is.
    absl::Status trouble;
    // The same: whether a forward of it stands still, and whether its device is
    // lost.
    bool stuck = false;
    bool lost = false;
  };

  void Watch() ABSL_LOCKS_EXCLUDED(mutex_);
  void Look(Watched& worker) ABSL_LOCKS_EXCLUDED(mutex_);
  // Fails what the worker has in hand, unless it has come on meanwhile.
  void GiveUp(Watched& worker, const std::string& model,
              absl::Duration patience) ABSL_LOCKS_EXCLUDED(mutex_);
  // Fails what waits for models that no worker is left for.
  void DropUnserved();
  // Has `model` computed once.
  void Try(const std::shared_ptr<const Model>& model);
  // Calls `changed` if fitness() is another than when it was called last. After
  // each event, and at each look for what is none: a failing model may have
  // been unloaded.
  void Tell() ABSL_LOCKS_EXCLUDED(told_mutex_, mutex_);

  const Options options_;
  const absl::Duration period_;
  Queue<Model>& queue_;
  ModelTrials trials_;

  mutable Mutex mutex_;
  CondVar stopping_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;

  Mutex told_mutex_;
  Fitness told_ ABSL_GUARDED_BY(told_mutex_);

  // Each stays where it is.
  std::deque<Watched> workers_;

  std::jthread thread_;
};

}  // namespace strata

#endif  // STRATA_CORE_ENGINE_SUPERVISOR_H_
