// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_ENGINE_MODEL_TRIALS_H_
#define STRATA_CORE_ENGINE_MODEL_TRIALS_H_

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "core/base/mutex.h"
#include "core/model/model.h"

namespace strata {

// Tells a model that always fails from one whose callers send what it cannot
// compute. After kSuspicion inputs in a row that failed by themselves it is
// tried: on an input that it could compute when it was loaded. If that fails
// too the model is failing, and is tried again and again; any forward of it
// that ends well, a trial's or a caller's, clears it.
//
// Only notes and says what is to be done. Thread-safe.
class ModelTrials {
 public:
  static constexpr int kSuspicion = 5;

  // A forward of the model ended well. Returns whether it was failing.
  bool OnRan(const Model& model) ABSL_LOCKS_EXCLUDED(mutex_);

  // An input failed by itself. Returns whether the model is to be tried now.
  bool OnInputFailed(const std::shared_ptr<const Model>& model)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // The trial that was asked for failed, or, if not `verdict`, could not be
  // made. Returns whether the model is failing as of now.
  bool OnTrialFailed(const Model& model, bool verdict)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Those that are failing and are not being tried; now they are.
  std::vector<std::shared_ptr<const Model>> TakeDue()
      ABSL_LOCKS_EXCLUDED(mutex_);

  std::set<ModelId> failing() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Suspect {
    // What is unloaded is of no interest, and must not be kept.
    std::weak_ptr<const Model> model;
    ModelId id;
    int failures = 0;
    bool on_trial = false;
    bool failing = false;
  };

  mutable Mutex mutex_;
  // Those that have failed since they last ran well.
  std::map<const Model*, Suspect> suspects_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace strata

#endif  // STRATA_CORE_ENGINE_MODEL_TRIALS_H_
