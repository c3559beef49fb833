// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/model_loading.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "core/base/error.h"
#include "core/model/loader.h"
#include "core/model/registry.h"
#include "core/model/report.h"
#include "core/model/repository.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/puppet_model.h"
#include "tests/fakes/puppet_runner.h"

namespace strata {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// Loads what the test says, and keeps what was logged.
class ModelLoadingTest : public testing::Test {
 protected:
  void Load(const LoadModel& load) {
    ModelDirectory directory;
    directory.id = {.name = "a", .version = 1};
    directory.path = "/models/a/1";
    registry_.SetLoading(directory.id);
    testing::internal::CaptureStderr();
    LoadInto(registry_, directory, load,
             [](std::shared_ptr<const Model> model) { return model; });
    log_ = testing::internal::GetCapturedStderr();
  }

  ModelState State() const { return registry_.List().at(0).state; }

  ModelRegistry registry_;
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

TEST_F(ModelLoadingTest, AModelBecomesReady) {
  Load(Ready);
  EXPECT_EQ(State(), ModelState::kReady);
  EXPECT_TRUE(registry_.Find("a", 1).ok());
}

TEST_F(ModelLoadingTest, SaysWhatWasFound) {
  Load(Ready);
  EXPECT_THAT(
      log_,
      AllOf(HasSubstr("event=model_loading model=a version=1\n"),
            HasSubstr(
                "event=model_ready model=a version=1 devices=cpu "
                "layers=4 width=2 dtype=float32 vocabulary=258 "
                "mask=pairs mask_dtype=bool max_pieces=16 padding_exact=yes"),
            HasSubstr("digest=sha256:puppet"), Not(HasSubstr("error"))));
}

TEST_F(ModelLoadingTest, SaysWhyAModelIsRefused) {
  Load([](const ModelDirectory& /*directory*/) {
    return Refused("the batch is baked in");
  });
  EXPECT_EQ(State(), ModelState::kRefused);
  EXPECT_THAT(log_,
              AllOf(HasSubstr("level=error event=model_refused model=a "
                              "version=1 reason=\"the batch is baked in\""),
                    HasSubstr("level=warning event=check_failed model=a "
                              "version=1 check=batch_generalises essential=yes "
                              "expected=\"rows of their own\" "
                              "found=\"one row\"")));
  const auto entry = registry_.Describe("a", 1);
  ASSERT_TRUE(entry.ok());
  EXPECT_EQ(entry->refusal.message(), "the batch is baked in");
  EXPECT_EQ(entry->digest, "sha256:9");
  EXPECT_EQ(entry->report.layers, 9);
}

TEST_F(ModelLoadingTest, WhatAReadyModelCannotDoIsNoWarning) {
  Load([](const ModelDirectory& directory) {
    LoadOutcome outcome = Ready(directory);
    outcome.report.checks = {{"padding_invisible", false, false, "x", "y"}};
    return outcome;
  });
  EXPECT_EQ(State(), ModelState::kReady);
  EXPECT_THAT(log_,
              AllOf(HasSubstr("level=info event=check_failed model=a version=1 "
                              "check=padding_invisible essential=no"),
                    Not(HasSubstr("level=warning"))));
}

TEST_F(ModelLoadingTest, ATokenizerOfAnotherModelIsAWarning) {
  Load([](const ModelDirectory& directory) {
    LoadOutcome outcome = Ready(directory);
    outcome.report.checks = {{kTokenizerFitsCheck, false, false, "x", "y"}};
    return outcome;
  });
  EXPECT_EQ(State(), ModelState::kReady);
  EXPECT_THAT(log_, HasSubstr("level=warning event=check_failed model=a "
                              "version=1 check=tokenizer_fits essential=no"));
}

}  // namespace
}  // namespace strata
