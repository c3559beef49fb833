// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_BASE_THREAD_POOL_H_
#define STRATA_CORE_BASE_THREAD_POOL_H_

#include <deque>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "core/base/mutex.h"

namespace strata {

// A few threads that run tasks in the order in which they came. It does not
// bound what waits: its users admit work before they submit it. Thread-safe.
//
//   ThreadPool pool(2);
//   pool.Submit([] { ... });
class ThreadPool {
 public:
  // `threads` is at least 1.
  explicit ThreadPool(int threads);
  // As Join.
  ~ThreadPool();

  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // Runs `task` on one of the threads. Not after Join has begun, except from a
  // task of this pool.
  void Submit(absl::AnyInvocable<void()> task) ABSL_LOCKS_EXCLUDED(mutex_);

  // Waits until all tasks have run and ends the threads. Idempotent; not to be
  // called from a task or from two threads at once.
  void Join() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void RunTasks() ABSL_LOCKS_EXCLUDED(mutex_);

  Mutex mutex_;
  CondVar changed_;
  bool joining_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<absl::AnyInvocable<void()>> tasks_ ABSL_GUARDED_BY(mutex_);

  std::vector<std::jthread> threads_;
};

}  // namespace strata

#endif  // STRATA_CORE_BASE_THREAD_POOL_H_
