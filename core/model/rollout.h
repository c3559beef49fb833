// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_ROLLOUT_H_
#define STRATA_CORE_MODEL_ROLLOUT_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/model/model.h"
#include "core/model/registry.h"
#include "core/model/repository.h"

namespace strata {

// A version that the repository wants to be served.
struct WantedVersion {
  ModelDirectory directory;
  // Of its files, as StampModelDirectory gives it.
  std::string stamp;
  // Whether they were the same at the look before: a version that is being
  // written is not picked up.
  bool settled = false;
};

// What the choice of the next steps depends on beside the repository.
struct RolloutState {
  // All that the registry knows.
  std::vector<ModelEntry> entries;
  // Of what was loaded, or refused, the stamp at that time.
  std::map<ModelId, std::string> loaded_stamps;
  // Versions that are not wanted, but still lie in the repository.
  std::set<ModelId> there;
  // Versions that somebody asked to be loaded, and to be unloaded: they stay so
  // while they lie in the repository.
  std::set<ModelId> asked_for;
  std::set<ModelId> asked_away;
  // Whether what is superseded goes before what supersedes it has come.
  bool unload_first = false;
};

// Steps towards what the repository wants.
struct RolloutSteps {
  std::vector<ModelId> unload;
  std::vector<ModelDirectory> load;
  // Versions whose labels are others now.
  std::vector<ModelDirectory> relabel;
};

// What to do after a look at the repository, `wanted` being all that it wants.
// Unloads before it loads. Pure.
//
// A version is loaded when its files have settled: one that is new, or one that
// was refused and has been written to since. One that is no longer wanted is
// unloaded once a wanted version of the same model is ready; so a new version
// that is refused leaves the old one serving. One whose folder is gone is
// unloaded at once where no wanted version is to come.
RolloutSteps PlanRollout(const std::vector<WantedVersion>& wanted,
                         const RolloutState& state);

}  // namespace strata

#endif  // STRATA_CORE_MODEL_ROLLOUT_H_
