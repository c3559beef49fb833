// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_STREAM_SET_H_
#define STRATA_SERVER_STREAM_SET_H_

#include <map>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "server/answer_stream.h"

namespace strata {

// The streams that clients hold open: a shutdown waits for every call, and a
// client that keeps its stream for more requests would hold it up to its
// deadline. Thread-safe.
class StreamSet {
 public:
  void Add(const std::shared_ptr<AnswerStream>& stream, absl::Time begun)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void Remove(const std::shared_ptr<AnswerStream>& stream)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Each stream takes no more requests, finishes those under way, and ends with
  // SERVER_STOPPING, or with OK where its client had sent its last; so do
  // those that are added later.
  void EndAll() ABSL_LOCKS_EXCLUDED(mutex_);

  // How long a stream is not read before it ends. Once gRPC has asked for a new
  // connection, it closes this one with its last call, and what a client is
  // just sending is answered by a reset, which may overtake the last answers; a
  // client that is not read falls silent first.
  static constexpr absl::Duration kQuiet = absl::Seconds(1);

  // Streams are read no more from now on: kQuiet before EndAll, where there is
  // time for it.
  void QuietAll() ABSL_LOCKS_EXCLUDED(mutex_);

  // Streams that have begun at `time` or before it are read no more, and those
  // that had begun kQuiet earlier end as by EndAll: a client that keeps its
  // stream would never hear that it is asked to connect anew. Called again and
  // again.
  void EndOld(absl::Time time) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void QuietOld(absl::Time time) ABSL_LOCKS_EXCLUDED(mutex_);
  // Those that have begun at `time` or before it.
  std::vector<std::shared_ptr<AnswerStream>> Begun(absl::Time time)
      ABSL_LOCKS_EXCLUDED(mutex_);

  Mutex mutex_;
  // With the time at which each began.
  std::map<std::shared_ptr<AnswerStream>, absl::Time> streams_
      ABSL_GUARDED_BY(mutex_);
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace strata

#endif  // STRATA_SERVER_STREAM_SET_H_
