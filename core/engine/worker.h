// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_ENGINE_WORKER_H_
#define STRATA_CORE_ENGINE_WORKER_H_

#include <optional>

#include "absl/status/status.h"
#include "core/base/clock.h"
#include "core/base/observer.h"
#include "core/base/thread_pool.h"
#include "core/batch/queue.h"
#include "core/engine/cpu_share.h"
#include "core/engine/device_instance.h"
#include "core/engine/supervisor.h"
#include "core/model/model.h"

namespace strata {

// Feeds one instance: takes batches from the queue, runs them, hands the
// results to the completion threads and goes on with the next.
//
// A batch that fails is halved and tried again, down to single sequences, so
// that only those that cannot be computed fail; the same makes room where a
// device ran out of memory. A forward that comes to checkpoints ends at the
// next when nobody waits for its batch any more, and is interrupted for what is
// short beside it (see Queue). On the CPU it has as many threads as CpuShare
// says, which is asked there too.
//
// Tells its supervisor how it comes on. Ends where its device is lost.
class Worker {
 public:
  // All references outlive the worker. `number`: which of the supervisor's it
  // is.
  Worker(int number, Queue<Model>& queue, CpuShare& cpus,
         ThreadPool& completions, Supervisor& supervisor, const Clock& clock,
         Observer& observer);

  // Works until the queue is stopped or the device is lost. On a thread of its
  // own.
  void Run();

 private:
  using Batch = Queue<Model>::Batch;
  using Item = Queue<Model>::Item;

  // A batch while it runs.
  struct Running;

  // Runs what was taken from the queue.
  void RunTaken(Batch batch);
  void RunBatch(Runner& runner, Batch batch);
  // Whether anybody waits for the batch; runs what is worth interrupting it
  // for.
  bool AtCheckpoint(Running& running);
  void RunHalves(Runner& runner, Batch batch);
  std::optional<DeviceCost> CostOf(const Model& model) const;
  // Uses as many threads as are this worker's part now.
  void ShareCpus(const Model& model, Runner& runner);
  // What others may take before the end of `running`, and of what it
  // interrupts.
  static absl::Duration Spare(const Running& running, absl::Time now);

  const int number_;
  const DeviceInstance& instance_;
  Queue<Model>& queue_;
  CpuShare& cpus_;
  // That operators use on this worker's thread; 0: as many as LibTorch was
  // given.
  int threads_ = 0;
  // The innermost of the batches that run; nullptr: none.
  const Running* running_ = nullptr;
  // Why its device computes nothing any more; OK: it does.
  absl::Status lost_;
  ThreadPool& completions_;
  Supervisor& supervisor_;
  Progress& progress_;
  const Clock& clock_;
  Observer& observer_;
};

}  // namespace strata

#endif  // STRATA_CORE_ENGINE_WORKER_H_
