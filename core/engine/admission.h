// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_ENGINE_ADMISSION_H_
#define STRATA_CORE_ENGINE_ADMISSION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/budget.h"
#include "core/base/mutex.h"
#include "core/base/observer.h"

namespace strata {

// What may be in flight at once.
struct AdmissionLimits {
  int max_requests = 1024;
  // Of the requests' messages.
  std::int64_t max_bytes = std::int64_t{256} << 20;
  // The part of either that one client who is known may have, from 0 to 1, so
  // that the flood of one leaves room for the others. Those who are not known
  // are bounded together, by the whole.
  double max_client_share = 1;
};

// The first bound of the engine: how many requests, and how many bytes of
// them, are in flight at once, held from before tokenizing until the answer is
// handed over. The second, on pieces that wait, is the queue's, the third, on
// the memory of answers, ReplyMemory's. Thread-safe.
class Admission {
 public:
  // A place in the engine; given back when it is destroyed.
  class Permit {
   public:
    Permit(Admission& admission, std::int64_t bytes, std::string client)
        : admission_(admission), bytes_(bytes), client_(std::move(client)) {}
    ~Permit() { admission_.Release(bytes_, client_); }
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;

   private:
    Admission& admission_;
    const std::int64_t bytes_;
    const std::string client_;
  };

  // `retry_after` says what a caller who is refused is asked to wait; it is
  // called under no lock. What it needs, and `observer`, outlive the admission,
  // which outlives its permits.
  Admission(const AdmissionLimits& limits,
            std::function<absl::Duration()> retry_after, Observer& observer);

  // `client`: who asks; empty: it is not known. Error: SERVER_FULL. A request
  // larger than all bytes together is admitted when nothing else is in flight,
  // so that it does not retry for ever; so is one that is larger than a
  // client's share of them, when nothing else of the client is.
  absl::StatusOr<std::unique_ptr<Permit>> Admit(std::int64_t bytes,
                                                const std::string& client)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // What has no room; empty: nothing.
  std::string WhatIsFull(std::int64_t bytes, const std::string& client) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Release(std::int64_t bytes, const std::string& client)
      ABSL_LOCKS_EXCLUDED(mutex_);

  const std::function<absl::Duration()> retry_after_;
  Observer& observer_;

  mutable Mutex mutex_;
  Budget requests_ ABSL_GUARDED_BY(mutex_);
  Budget bytes_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace strata

#endif  // STRATA_CORE_ENGINE_ADMISSION_H_
