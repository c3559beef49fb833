// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/stream_set.h"

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/base/mutex.h"
#include "server/answer_stream.h"

namespace strata {
namespace {

absl::Status Stopping() {
  return Error(Reason::kServerStopping,
               "the server is stopping; send what has no 'done' again");
}

// The reason is the same, since it asks the same of a client.
absl::Status MovingOn() {
  return Error(Reason::kServerStopping,
               "the stream is as old as a connection may be; open another, and "
               "send what has no 'done' again");
}

}  // namespace

void StreamSet::Add(const std::shared_ptr<AnswerStream>& stream,
                    absl::Time begun) {
  bool ending = false;
  {
    MutexLock lock(mutex_);
    streams_.emplace(stream, begun);
    ending = ending_;
  }
  if (ending) stream->StopReading(Stopping());
}

void StreamSet::Remove(const std::shared_ptr<AnswerStream>& stream) {
  MutexLock lock(mutex_);
  streams_.erase(stream);
}

void StreamSet::EndAll() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
  }
  for (const auto& stream : Begun(absl::InfiniteFuture())) {
    stream->StopReading(Stopping());
  }
}

void StreamSet::QuietAll() { QuietOld(absl::InfiniteFuture()); }

void StreamSet::EndOld(absl::Time time) {
  QuietOld(time);
  for (const auto& stream : Begun(time - kQuiet)) {
    stream->StopReading(MovingOn());
  }
}

void StreamSet::QuietOld(absl::Time time) {
  for (const auto& stream : Begun(time)) stream->Quiet();
}

std::vector<std::shared_ptr<AnswerStream>> StreamSet::Begun(absl::Time time) {
  std::vector<std::shared_ptr<AnswerStream>> found;
  MutexLock lock(mutex_);
  for (const auto& [stream, begun] : streams_) {
    if (begun <= time) found.push_back(stream);
  }
  return found;
}

}  // namespace strata
