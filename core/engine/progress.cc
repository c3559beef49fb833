// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/engine/progress.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
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
  const MutexLock lock(mutex_);
  ++steps_;
  batches_.push_back(
      {.model = std::move(model), .answers = std::move(answers)});
}

void Progress::End() {
  const MutexLock lock(mutex_);
  ++steps_;
  batches_.pop_back();
}

bool Progress::given_up() const {
  const MutexLock lock(mutex_);
  return !batches_.empty() && batches_.back().given_up;
}

std::string Progress::model() const {
  const MutexLock lock(mutex_);
  return batches_.empty() ? "" : batches_.back().model;
}

bool Progress::Fail(const absl::Status& status,
                    std::optional<std::uint64_t> after) {
  std::vector<std::shared_ptr<BatchAnswers>> given_up;
  {
    const MutexLock lock(mutex_);
    if (steps_ != after.value_or(steps_)) return false;
    for (Batch& batch : batches_) {
      batch.given_up = true;
      given_up.push_back(batch.answers);
    }
  }
  for (const auto& answers : given_up) answers->Fail(status);
  return true;
}

}  // namespace strata
