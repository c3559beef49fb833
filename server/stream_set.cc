// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/stream_set.h"

#include <memory>
#include <set>

#include "absl/status/status.h"
#include "core/base/error.h"
#include "core/base/mutex.h"
#include "server/answer_stream.h"

namespace strata {
namespace {

absl::Status Stopping() {
  return Error(Reason::kServerStopping,
               "the server is stopping; send what has no 'done' again");
}

}  // namespace

void StreamSet::Add(const std::shared_ptr<AnswerStream>& stream) {
  bool ending = false;
  {
    MutexLock lock(mutex_);
    streams_.insert(stream);
    ending = ending_;
  }
  if (ending) stream->StopReading(Stopping());
}

void StreamSet::Remove(const std::shared_ptr<AnswerStream>& stream) {
  MutexLock lock(mutex_);
  streams_.erase(stream);
}

void StreamSet::EndAll() {
  std::set<std::shared_ptr<AnswerStream>> streams;
  {
    MutexLock lock(mutex_);
    ending_ = true;
    streams = streams_;
  }
  for (const auto& stream : streams) stream->StopReading(Stopping());
}

}  // namespace strata
