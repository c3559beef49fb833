// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_ENGINE_ADMISSION_H_
#define STRATA_CORE_ENGINE_ADMISSION_H_

#include <cstdint>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "core/base/mutex.h"
#include "core/base/observer.h"

namespace strata {

// The first bound of the engine: how many requests, and how many bytes of
// them, are in flight at once, held from before tokenizing until the answer is
// handed over. The second, on pieces that wait, is the queue's. Thread-safe.
class Admission {
 public:
  // A place in the engine; given back when it is destroyed.
  class Permit {
   public:
    Permit(Admission& admission, std::int64_t bytes)
        : admission_(admission), bytes_(bytes) {}
    ~Permit() { admission_.Release(bytes_); }
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;

   private:
    Admission& admission_;
    const std::int64_t bytes_;
  };

  // `observer` outlives the admission, which outlives its permits.
  Admission(int max_requests, std::int64_t max_bytes, Observer& observer)
      : max_requests_(max_requests),
        max_bytes_(max_bytes),
        observer_(observer) {}

  // Error: SERVER_FULL. A request larger than all bytes together is admitted
  // when nothing else is in flight, so that it does not retry for ever.
  absl::StatusOr<std::unique_ptr<Permit>> Admit(std::int64_t bytes)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Release(std::int64_t bytes) ABSL_LOCKS_EXCLUDED(mutex_);

  const int max_requests_;
  const std::int64_t max_bytes_;
  Observer& observer_;

  Mutex mutex_;
  int requests_ ABSL_GUARDED_BY(mutex_) = 0;
  std::int64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace strata

#endif  // STRATA_CORE_ENGINE_ADMISSION_H_
