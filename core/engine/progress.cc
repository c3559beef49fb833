// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/engine/progress.h"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/mutex.h"
#include "core/batch/queue.h"
#include "core/batch/request.h"
#include "core/model/model.h"

namespace strata {

std::shared_ptr<BatchAnswers> BatchAnswers::Between(
    std::vector<Queue<Model>::Item>& items) {
  auto answers = std::make_shared<BatchAnswers>();
  const MutexLock lock(answers->mutex_);
  answers->done_.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    answers->done_.push_back(std::move(items[i].done));
    items[i].done = [answers, i](absl::StatusOr<Computed> computed) {
      answers->Answer(i, std::move(computed));
    };
  }
  return answers;
}

void BatchAnswers::Answer(std::size_t item, absl::StatusOr<Computed> computed) {
  Done done;
  {
    const MutexLock lock(mutex_);
    done = std::exchange(done_[item], nullptr);
  }
  if (done) std::move(done)(std::move(computed));
}

void BatchAnswers::Fail(const absl::Status& status) {
  std::size_t count = 0;
  {
    const MutexLock lock(mutex_);
    count = done_.size();
  }
  for (std::size_t i = 0; i < count; ++i) Answer(i, status);
}

void Progress::Begin(std::string model, std::shared_ptr<BatchAnswers> answers) {
  ++steps_;
  const MutexLock lock(mutex_);
  batches_.push_back(
      {.model = std::move(model), .answers = std::move(answers)});
}

void Progress::End() {
  ++steps_;
  const MutexLock lock(mutex_);
  batches_.pop_back();
}

std::string Progress::model() const {
  const MutexLock lock(mutex_);
  return batches_.empty() ? "" : batches_.back().model;
}

void Progress::Fail(const absl::Status& status) {
  std::vector<Batch> batches;
  {
    const MutexLock lock(mutex_);
    batches = batches_;
  }
  for (const Batch& batch : batches) batch.answers->Fail(status);
}

}  // namespace strata
