// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_BASE_MUTEX_H_
#define STRATA_CORE_BASE_MUTEX_H_

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"

namespace strata {

// std::mutex with clang's thread-safety annotations. Used instead of
// absl::Mutex because Debian's is not built with ThreadSanitizer's hooks, so
// that accesses which it guards are reported falsely.
class ABSL_LOCKABLE Mutex {
 public:
  void lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mutex_.lock(); }
  void unlock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

// Holds a Mutex for a scope.
class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex)
      : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// A condition variable for Mutex. The caller loops over its predicate, in
// sight of the thread-safety analysis:
//
//   MutexLock lock(mutex_);
//   while (items_.empty() && !stopped_) changed_.Wait(mutex_);
class CondVar {
 public:
  void Wait(Mutex& mutex) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    condition_.wait(mutex);
  }
  // Returns after `longest` at the latest, and after a day where that is
  // longer: the standard library adds it to the time that it is, which must not
  // overflow.
  void WaitFor(Mutex& mutex, absl::Duration longest)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    condition_.wait_for(
        mutex, absl::ToChronoNanoseconds(std::min(longest, absl::Hours(24))));
  }
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable_any condition_;
};

}  // namespace strata

#endif  // STRATA_CORE_BASE_MUTEX_H_
