// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_SELDOM_H_
#define STRATA_SERVER_SELDOM_H_

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"

namespace strata {

// Lets what may happen a thousand times a second be told once a second.
// Thread-safe.
//
//   if (const auto left_out = seldom.Take(absl::Now())) Log(...);
class Seldom {
 public:
  static constexpr absl::Duration kPause = absl::Seconds(1);

  // Whether it is told now: then how many were not since the last one that was.
  std::optional<std::int64_t> Take(absl::Time now) ABSL_LOCKS_EXCLUDED(mutex_) {
    const MutexLock lock(mutex_);
    if (now < next_) {
      ++left_out_;
      return std::nullopt;
    }
    next_ = now + kPause;
    return std::exchange(left_out_, 0);
  }

 private:
  Mutex mutex_;
  absl::Time next_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  std::int64_t left_out_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace strata

#endif  // STRATA_SERVER_SELDOM_H_
