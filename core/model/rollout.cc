// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/rollout.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/model/model.h"
#include "core/model/registry.h"

namespace strata {
namespace {

bool ShouldLoad(const WantedVersion& version, const ModelEntry* entry,
                const RolloutState& state) {
  const ModelId& id = version.directory.id;
  if (!version.settled || state.asked_away.contains(id)) return false;
  if (entry == nullptr) return true;
  const auto before = state.loaded_stamps.find(id);
  return entry->state == ModelState::kRefused &&
         (before == state.loaded_stamps.end() ||
          before->second != version.stamp);
}

}  // namespace

RolloutSteps PlanRollout(const std::vector<WantedVersion>& wanted,
                         const RolloutState& state) {
  std::map<ModelId, const ModelEntry*> known;
  for (const ModelEntry& entry : state.entries) known[entry.id] = &entry;
  RolloutSteps steps;
  std::set<ModelId> wanted_ids;
  // Models of which a wanted version serves, or is about to be loaded.
  std::set<std::string> succeeded;
  // Those of which a wanted version may serve soon.
  std::set<std::string> expected;
  for (const WantedVersion& version : wanted) {
    const ModelId& id = version.directory.id;
    wanted_ids.insert(id);
    const auto found = known.find(id);
    const ModelEntry* const entry =
        found == known.end() ? nullptr : found->second;
    const bool load = ShouldLoad(version, entry, state);
    if (load) {
      steps.load.push_back(version.directory);
    } else if (entry != nullptr && entry->labels != version.directory.labels) {
      steps.relabel.push_back(version.directory);
    }
    if ((entry != nullptr && entry->state == ModelState::kReady) ||
        (load && state.unload_first)) {
      succeeded.insert(id.name);
    }
    const bool refused =
        entry != nullptr && entry->state == ModelState::kRefused && !load;
    if (!refused && !state.asked_away.contains(id)) expected.insert(id.name);
  }
  for (const auto& [id, entry] : known) {
    const bool idle = entry->state == ModelState::kLoading ||
                      entry->state == ModelState::kDraining;
    if (idle || wanted_ids.contains(id)) continue;
    const bool there = state.there.contains(id);
    if (there && state.asked_for.contains(id)) continue;
    // One whose folder is gone serves on where its callers would have nobody
    // until the one that is wanted instead is ready.
    const bool missed = there || expected.contains(id.name);
    if (!missed || entry->state == ModelState::kRefused ||
        succeeded.contains(id.name)) {
      steps.unload.push_back(id);
    }
  }
  return steps;
}

}  // namespace strata
