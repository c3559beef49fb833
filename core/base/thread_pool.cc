// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/base/thread_pool.h"

#include <utility>

#include "absl/functional/any_invocable.h"
#include "core/base/mutex.h"

namespace strata {

ThreadPool::ThreadPool(int threads) {
  threads_.reserve(threads);
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { RunTasks(); });
  }
}

ThreadPool::~ThreadPool() { Join(); }

void ThreadPool::Submit(absl::AnyInvocable<void()> task) {
  MutexLock lock(mutex_);
  tasks_.push_back(std::move(task));
  changed_.NotifyOne();
}

void ThreadPool::Join() {
  {
    MutexLock lock(mutex_);
    joining_ = true;
    changed_.NotifyAll();
  }
  threads_.clear();
}

void ThreadPool::RunTasks() {
  while (true) {
    absl::AnyInvocable<void()> task;
    {
      MutexLock lock(mutex_);
      while (tasks_.empty() && !joining_) changed_.Wait(mutex_);
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    std::move(task)();
  }
}

}  // namespace strata
