// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/rollout.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/model/model.h"
#include "core/model/registry.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

constexpr bool kSettled = true;

WantedVersion Wanted(int version, bool settled = kSettled,
                     std::vector<std::string> labels = {},
                     const std::string& name = "m") {
  return {.directory = {.id = {name, version},
                        .path = "/r/m",
                        .labels = std::move(labels)},
          .stamp = absl::StrCat("stamp ", version),
          .settled = settled};
}

ModelEntry Entry(int version, ModelState state, const std::string& name = "m") {
  return {.id = {name, version}, .state = state};
}

// As "-1 +2 ~3": unloads version 1, loads 2, relabels 3.
std::string Plan(const std::vector<WantedVersion>& wanted,
                 const RolloutState& state) {
  const RolloutSteps steps = PlanRollout(wanted, state);
  std::vector<std::string> words;
  for (const ModelId& id : steps.unload) {
    words.push_back(absl::StrCat("-", id.version));
  }
  for (const ModelDirectory& directory : steps.load) {
    words.push_back(absl::StrCat("+", directory.id.version));
  }
  for (const ModelDirectory& directory : steps.relabel) {
    words.push_back(absl::StrCat("~", directory.id.version));
  }
  return absl::StrJoin(words, " ");
}

TEST(PlanRolloutTest, WhatIsNewIsLoaded) {
  EXPECT_EQ(Plan({Wanted(1), Wanted(2)}, {}), "+1 +2");
}

TEST(PlanRolloutTest, WhatServesStays) {
  EXPECT_EQ(Plan({Wanted(1)}, {.entries = {Entry(1, ModelState::kReady)}}), "");
}

TEST(PlanRolloutTest, WhatIsBeingWrittenIsNotPickedUp) {
  EXPECT_EQ(Plan({Wanted(1, !kSettled)}, {}), "");
}

TEST(PlanRolloutTest, TheOldVersionServesUntilTheNewOneIsReady) {
  RolloutState state{.entries = {Entry(1, ModelState::kReady)},
                     .there = {{"m", 1}}};
  EXPECT_EQ(Plan({Wanted(2)}, state), "+2");
  state.entries.push_back(Entry(2, ModelState::kLoading));
  EXPECT_EQ(Plan({Wanted(2)}, state), "");
  state.entries[1].state = ModelState::kReady;
  EXPECT_EQ(Plan({Wanted(2)}, state), "-1");
  state.entries[0].state = ModelState::kDraining;
  EXPECT_EQ(Plan({Wanted(2)}, state), "");
}

TEST(PlanRolloutTest, ANewVersionThatIsRefusedLeavesTheOldOneServing) {
  const RolloutState state{
      .entries = {Entry(1, ModelState::kReady), Entry(2, ModelState::kRefused)},
      .loaded_stamps = {{{"m", 2}, "stamp 2"}},
      .there = {{"m", 1}}};
  EXPECT_EQ(Plan({Wanted(2)}, state), "");
}

TEST(PlanRolloutTest, WhatWasRefusedIsTriedAgainOnceItIsWrittenTo) {
  RolloutState state{.entries = {Entry(1, ModelState::kRefused)},
                     .loaded_stamps = {{{"m", 1}, "stamp 0"}}};
  EXPECT_EQ(Plan({Wanted(1, !kSettled)}, state), "");
  EXPECT_EQ(Plan({Wanted(1)}, state), "+1");
}

TEST(PlanRolloutTest, ForWantOfMemoryTheOldVersionGoesFirst) {
  RolloutState state{.entries = {Entry(1, ModelState::kReady)},
                     .there = {{"m", 1}},
                     .unload_first = true};
  EXPECT_EQ(Plan({Wanted(2)}, state), "-1 +2");
  // Not for one that is being written.
  EXPECT_EQ(Plan({Wanted(2, !kSettled)}, state), "");
}

TEST(PlanRolloutTest, WhatIsGoneFromTheRepositoryIsUnloaded) {
  EXPECT_EQ(Plan({}, {.entries = {Entry(1, ModelState::kReady),
                                  Entry(2, ModelState::kRefused)}}),
            "-1 -2");
}

TEST(PlanRolloutTest, WhatIsGoneServesUntilTheOneBeforeItIsReadyAgain) {
  RolloutState state{.entries = {Entry(2, ModelState::kReady)}};
  EXPECT_EQ(Plan({Wanted(1, !kSettled)}, state), "");
  EXPECT_EQ(Plan({Wanted(1)}, state), "+1");
  state.entries.push_back(Entry(1, ModelState::kLoading));
  EXPECT_EQ(Plan({Wanted(1)}, state), "");
  state.entries[1].state = ModelState::kReady;
  EXPECT_EQ(Plan({Wanted(1)}, state), "-2");
}

TEST(PlanRolloutTest, WhatIsGoneDoesNotWaitForOneThatWillNotCome) {
  RolloutState state{
      .entries = {Entry(1, ModelState::kRefused), Entry(2, ModelState::kReady)},
      .loaded_stamps = {{{"m", 1}, "stamp 1"}}};
  EXPECT_EQ(Plan({Wanted(1)}, state), "-2") << "it is refused";
  state = {.entries = {Entry(2, ModelState::kReady)}, .asked_away = {{"m", 1}}};
  EXPECT_EQ(Plan({Wanted(1)}, state), "-2") << "somebody asked it away";
}

TEST(PlanRolloutTest, ForWantOfMemoryWhatIsGoneGoesFirst) {
  const RolloutState state{.entries = {Entry(2, ModelState::kReady)},
                           .unload_first = true};
  EXPECT_EQ(Plan({Wanted(1, !kSettled)}, state), "");
  EXPECT_EQ(Plan({Wanted(1)}, state), "-2 +1");
}

TEST(PlanRolloutTest, OnlyVersionsOfTheSameModelSupersede) {
  const RolloutState state{.entries = {Entry(1, ModelState::kReady, "a"),
                                       Entry(2, ModelState::kReady, "b")},
                           .there = {{"a", 1}}};
  EXPECT_EQ(Plan({Wanted(2, kSettled, {}, "b")}, state), "");
}

TEST(PlanRolloutTest, WhatWasAskedForStaysWhileItIsThere) {
  RolloutState state{
      .entries = {Entry(1, ModelState::kReady), Entry(2, ModelState::kReady)},
      .there = {{"m", 1}},
      .asked_for = {{"m", 1}}};
  EXPECT_EQ(Plan({Wanted(2)}, state), "");
  state.there.clear();
  EXPECT_EQ(Plan({Wanted(2)}, state), "-1");
}

TEST(PlanRolloutTest, WhatWasAskedAwayIsNotLoadedAgain) {
  EXPECT_EQ(Plan({Wanted(1)}, {.asked_away = {{"m", 1}}}), "");
}

TEST(PlanRolloutTest, LabelsFollowTheRepository) {
  EXPECT_EQ(Plan({Wanted(1, kSettled, {"stable"})},
                 {.entries = {Entry(1, ModelState::kReady)}}),
            "~1");
}

}  // namespace
}  // namespace strata
