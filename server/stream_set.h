// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_STREAM_SET_H_
#define STRATA_SERVER_STREAM_SET_H_

#include <memory>
#include <set>

#include "absl/base/thread_annotations.h"
#include "core/base/mutex.h"
#include "server/answer_stream.h"

namespace strata {

// The streams that clients hold open: a shutdown waits for every call, and a
// client that keeps its stream for more requests would hold it up to its
// deadline. Thread-safe.
class StreamSet {
 public:
  void Add(const std::shared_ptr<AnswerStream>& stream)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void Remove(const std::shared_ptr<AnswerStream>& stream)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Each stream takes no more requests, finishes those under way, and ends with
  // SERVER_STOPPING, or with OK where its client had sent its last; so do
  // those that are added later.
  void EndAll() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  Mutex mutex_;
  std::set<std::shared_ptr<AnswerStream>> streams_ ABSL_GUARDED_BY(mutex_);
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace strata

#endif  // STRATA_SERVER_STREAM_SET_H_
