// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/model_loading.h"

#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/base/error.h"
#include "core/model/loader.h"
#include "core/model/registry.h"
#include "core/model/repository.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/puppet_model.h"
#include "tests/fakes/puppet_runner.h"

namespace strata {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// Loads what the test says, and keeps what was logged.
class ModelLoadingTest : public testing::Test {
 protected:
  void Load(const std::vector<ModelDirectory>& directories,
            const LoadModel& load) {
    for (const ModelDirectory& directory : directories) {
      registry_.SetLoading(directory.id);
    }
    testing::internal::CaptureStderr();
    LoadModels(
        directories, load, [this] { states_.push_back(States()); }, registry_,
        stop_.get_token());
    log_ = testing::internal::GetCapturedStderr();
  }

  // As "a+b-c?": ready, refused, loading.
  std::string States() const {
    std::string text;
    for (const ModelEntry& entry : registry_.List()) {
      text += entry.id.name;
      if (entry.state == ModelState::kReady) {
        text += '+';
      } else {
        text += entry.state == ModelState::kRefused ? '-' : '?';
      }
    }
    return text;
  }

  ModelRegistry registry_;
  std::stop_source stop_;
  // After each model.
  std::vector<std::string> states_;
  std::string log_;
};

LoadOutcome Ready(const ModelDirectory& directory) {
  auto model =
      MakePuppetModel(directory.id.name, std::make_shared<PuppetStrings>(),
                      directory.id.version);
  return {.model = model, .digest = model->digest, .report = model->report};
}

LoadOutcome Refused(const std::string& why) {
  TraceReport report{.layers = 9,
                     .checks = {{"batch_generalises", false, true,
                                 "rows of their own", "one row"}}};
  return {.model = Error(Reason::kModelRefused, why),
          .digest = "sha256:9",
          .report = std::move(report)};
}

std::vector<ModelDirectory> Directories(const std::vector<std::string>& names) {
  std::vector<ModelDirectory> directories;
  for (const std::string& name : names) {
    directories.emplace_back();
    directories.back().id = {.name = name, .version = 1};
    directories.back().path = "/models/" + name + "/1";
  }
  return directories;
}

TEST_F(ModelLoadingTest, ModelsBecomeReadyOneAfterTheOther) {
  Load(Directories({"a", "b"}), Ready);
  EXPECT_THAT(states_, ElementsAre("a+b?", "a+b+"));
  EXPECT_TRUE(registry_.Find("b", 1).ok());
}

TEST_F(ModelLoadingTest, SaysWhatWasFound) {
  Load(Directories({"a"}), Ready);
  EXPECT_THAT(
      log_,
      AllOf(HasSubstr("event=model_loading model=a version=1\n"),
            HasSubstr(
                "event=model_ready model=a version=1 devices=cpu "
                "layers=4 width=2 dtype=float32 vocabulary=258 "
                "mask=pairs mask_dtype=bool max_pieces=16 padding_exact=yes"),
            HasSubstr("digest=sha256:puppet"), Not(HasSubstr("error"))));
}

TEST_F(ModelLoadingTest, ARefusedModelDoesNotStopTheOthers) {
  Load(Directories({"a", "b"}), [](const ModelDirectory& directory) {
    return directory.id.name == "a" ? Refused("the batch is baked in")
                                    : Ready(directory);
  });
  EXPECT_THAT(states_, ElementsAre("a-b?", "a-b+"));
  EXPECT_THAT(log_,
              AllOf(HasSubstr("level=error event=model_refused model=a "
                              "version=1 reason=\"the batch is baked in\""),
                    HasSubstr("event=check_failed model=a version=1 "
                              "check=batch_generalises essential=yes "
                              "expected=\"rows of their own\" "
                              "found=\"one row\"")));
  const auto entry = registry_.Describe("a", 1);
  ASSERT_TRUE(entry.ok());
  EXPECT_EQ(entry->refusal.message(), "the batch is baked in");
  EXPECT_EQ(entry->digest, "sha256:9");
  EXPECT_EQ(entry->report.layers, 9);
}

TEST_F(ModelLoadingTest, AFailedOptionalCheckIsSaidOfAReadyModel) {
  Load(Directories({"a"}), [](const ModelDirectory& directory) {
    LoadOutcome outcome = Ready(directory);
    outcome.report.checks = {{"padding_invisible", false, false, "x", "y"}};
    return outcome;
  });
  EXPECT_THAT(states_, ElementsAre("a+"));
  EXPECT_THAT(log_, HasSubstr("check=padding_invisible essential=no"));
}

TEST_F(ModelLoadingTest, EndsBetweenTwoModelsWhenAskedTo) {
  Load(Directories({"a", "b"}), [this](const ModelDirectory& directory) {
    stop_.request_stop();
    return Ready(directory);
  });
  EXPECT_THAT(states_, ElementsAre("a+b?"));
}

TEST_F(ModelLoadingTest, ARepositoryWithoutModelsIsDoneAtOnce) {
  Load({}, Ready);
  EXPECT_THAT(states_, ElementsAre());
  EXPECT_EQ(log_, "");
}

}  // namespace
}  // namespace strata
