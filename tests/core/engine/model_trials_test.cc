// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/engine/model_trials.h"

#include <memory>
#include <set>
#include <vector>

#include "core/model/model.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

class ModelTrialsTest : public testing::Test {
 protected:
  static std::shared_ptr<Model> MakeModel() {
    auto model = std::make_shared<Model>();
    model->id = {.name = "m", .version = 3};
    return model;
  }

  // Fails until it is to be tried; how often that took.
  int FailUntilTrial() {
    int failures = 1;
    while (!trials_.OnInputFailed(model_)) ++failures;
    return failures;
  }

  std::shared_ptr<Model> model_ = MakeModel();
  ModelTrials trials_;
};

TEST_F(ModelTrialsTest, IsTriedAfterSomeFailuresInARow) {
  EXPECT_EQ(FailUntilTrial(), ModelTrials::kSuspicion);
  // It is on trial.
  EXPECT_FALSE(trials_.OnInputFailed(model_));
}

TEST_F(ModelTrialsTest, OneThatRanBetweenThemClearsIt) {
  EXPECT_FALSE(trials_.OnInputFailed(model_));
  EXPECT_FALSE(trials_.OnRan(*model_));
  EXPECT_EQ(FailUntilTrial(), ModelTrials::kSuspicion);
}

TEST_F(ModelTrialsTest, FailsWhenItsTrialDoesAndIsTriedAgain) {
  FailUntilTrial();
  EXPECT_TRUE(trials_.failing().empty());
  EXPECT_TRUE(trials_.TakeDue().empty());
  EXPECT_TRUE(trials_.OnTrialFailed(*model_, /*verdict=*/true));
  EXPECT_EQ(trials_.failing(), std::set<ModelId>{model_->id});
  EXPECT_EQ(trials_.TakeDue(),
            (std::vector<std::shared_ptr<const Model>>{model_}));
  EXPECT_TRUE(trials_.TakeDue().empty());
  // Nothing new.
  EXPECT_FALSE(trials_.OnTrialFailed(*model_, /*verdict=*/true));
  EXPECT_TRUE(trials_.OnRan(*model_));
  EXPECT_TRUE(trials_.failing().empty());
  EXPECT_TRUE(trials_.TakeDue().empty());
}

TEST_F(ModelTrialsTest, ATrialThatCouldNotBeMadeSaysNothing) {
  FailUntilTrial();
  EXPECT_FALSE(trials_.OnTrialFailed(*model_, /*verdict=*/false));
  EXPECT_TRUE(trials_.failing().empty());
  // The next failure asks for another.
  EXPECT_TRUE(trials_.OnInputFailed(model_));
}

TEST_F(ModelTrialsTest, ATrialThatEndsAfterAForwardRanSaysNothing) {
  FailUntilTrial();
  trials_.OnRan(*model_);
  EXPECT_FALSE(trials_.OnTrialFailed(*model_, /*verdict=*/true));
  EXPECT_TRUE(trials_.failing().empty());
}

TEST_F(ModelTrialsTest, DoesNotKeepModels) {
  FailUntilTrial();
  trials_.OnTrialFailed(*model_, /*verdict=*/true);
  const std::weak_ptr<Model> before = model_;
  model_.reset();
  EXPECT_TRUE(before.expired());
  EXPECT_TRUE(trials_.failing().empty());
  EXPECT_TRUE(trials_.TakeDue().empty());
}

}  // namespace
}  // namespace strata
