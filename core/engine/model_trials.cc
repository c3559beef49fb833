// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/engine/model_trials.h"

#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "core/base/mutex.h"
#include "core/model/model.h"

namespace strata {

bool ModelTrials::OnRan(const Model& model) {
  const MutexLock lock(mutex_);
  const auto suspect = suspects_.find(&model);
  if (suspect == suspects_.end()) return false;
  const bool was_failing = suspect->second.failing;
  suspects_.erase(suspect);
  return was_failing;
}

bool ModelTrials::OnInputFailed(const std::shared_ptr<const Model>& model) {
  const MutexLock lock(mutex_);
  Suspect& suspect = suspects_[model.get()];
  // Another may have lived at the same address.
  if (suspect.model.lock() != model) {
    suspect = {.model = model, .id = model->id};
  }
  ++suspect.failures;
  if (suspect.failures < kSuspicion || suspect.failing || suspect.on_trial) {
    return false;
  }
  suspect.on_trial = true;
  return true;
}

bool ModelTrials::OnTrialFailed(const Model& model, bool verdict) {
  const MutexLock lock(mutex_);
  const auto found = suspects_.find(&model);
  // It ran well meanwhile.
  if (found == suspects_.end()) return false;
  Suspect& suspect = found->second;
  suspect.on_trial = false;
  return verdict && !std::exchange(suspect.failing, true);
}

std::vector<std::shared_ptr<const Model>> ModelTrials::TakeDue() {
  std::vector<std::shared_ptr<const Model>> due;
  const MutexLock lock(mutex_);
  std::erase_if(suspects_,
                [](const auto& entry) { return entry.second.model.expired(); });
  for (auto& [key, suspect] : suspects_) {
    if (!suspect.failing || suspect.on_trial) continue;
    if (auto model = suspect.model.lock(); model != nullptr) {
      suspect.on_trial = true;
      due.push_back(std::move(model));
    }
  }
  return due;
}

std::set<ModelId> ModelTrials::failing() const {
  const MutexLock lock(mutex_);
  std::set<ModelId> failing;
  for (const auto& [key, suspect] : suspects_) {
    if (suspect.failing && !suspect.model.expired()) failing.insert(suspect.id);
  }
  return failing;
}

}  // namespace strata
