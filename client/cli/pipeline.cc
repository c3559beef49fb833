// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/pipeline.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/cli/line_source.h"
#include "core/base/mutex.h"

namespace strata::cli {

Pipeline::Pipeline(LineSource& source, AnswerFunction answer,
                   std::size_t threads)
    : source_(source),
      answer_(std::move(answer)),
      most_held_(threads),
      working_(threads) {
  threads_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { Work(); });
  }
}

Pipeline::~Pipeline() {
  source_.Stop();
  {
    const MutexLock lock(mutex_);
    stopped_ = true;
  }
  changed_.NotifyAll();
}

bool Pipeline::WaitFor(absl::Duration longest) {
  const absl::Time end = absl::Now() + longest;
  const MutexLock lock(mutex_);
  while (!ready()) {
    const absl::Duration left = end - absl::Now();
    if (left <= absl::ZeroDuration()) return false;
    changed_.WaitFor(mutex_, left);
  }
  return true;
}

std::optional<Pipeline::Batch> Pipeline::Take() {
  std::optional<Batch> batch;
  {
    const MutexLock lock(mutex_);
    while (!ready()) changed_.Wait(mutex_);
    const auto found = answered_.find(next_);
    if (found == answered_.end()) return std::nullopt;
    batch = std::move(found->second);
    answered_.erase(found);
    next_ += static_cast<std::int64_t>(batch->lines.size());
    --held_;
  }
  changed_.NotifyAll();
  return batch;
}

absl::Status Pipeline::source_status() const {
  const MutexLock lock(mutex_);
  return source_status_;
}

bool Pipeline::ready() const {
  return answered_.contains(next_) || working_ == 0;
}

void Pipeline::Work() {
  while (Begin()) {
    auto lines = source_.Take();
    if (!lines.ok() || lines->empty()) {
      EndWork(lines.status());
      return;
    }
    BatchAnswer answer = answer_(*lines);
    Finish({.lines = *std::move(lines), .answer = std::move(answer)});
  }
  EndWork(absl::OkStatus());
}

bool Pipeline::Begin() {
  const MutexLock lock(mutex_);
  while (!stopped_ && held_ == most_held_) changed_.Wait(mutex_);
  ++held_;
  return !stopped_;
}

void Pipeline::Finish(Batch batch) {
  {
    const MutexLock lock(mutex_);
    const std::int64_t first = batch.lines.front().index;
    answered_.emplace(first, std::move(batch));
  }
  changed_.NotifyAll();
}

void Pipeline::EndWork(const absl::Status& status) {
  {
    const MutexLock lock(mutex_);
    --held_;
    --working_;
    source_status_.Update(status);
  }
  changed_.NotifyAll();
}

}  // namespace strata::cli
