// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/health.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/engine/fitness.h"
#include "core/model/registry.h"
#include "gmock/gmock.h"
#include "grpcpp/health_check_service_interface.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

using testing::ElementsAre;
using testing::Pair;

class FakeHealth final : public grpc::HealthCheckServiceInterface {
 public:
  void SetServingStatus(const std::string& name, bool serving) override {
    serving_[name] = serving;
  }
  void SetServingStatus(bool serving) override {
    for (auto& [name, status] : serving_) status = serving;
  }

  const std::map<std::string, bool>& serving() const { return serving_; }

 private:
  std::map<std::string, bool> serving_;
};

ModelEntry Entry(const std::string& name, std::int64_t version,
                 ModelState state) {
  return {.id = {.name = name, .version = version}, .state = state};
}

// As the first time.
void Publish(const std::vector<ModelEntry>& entries, FakeHealth& health,
             const Fitness& fitness = {}) {
  std::set<std::string> known;
  PublishHealth(entries, fitness, known, health);
}

TEST(PublishHealthTest, WithoutModelsNothingServes) {
  FakeHealth health;
  Publish({}, health);
  EXPECT_THAT(health.serving(), ElementsAre(Pair("", false)));
}

TEST(PublishHealthTest, AModelServesWhenItIsReady) {
  FakeHealth health;
  Publish(
      {Entry("a", 1, ModelState::kLoading), Entry("b", 1, ModelState::kReady),
       Entry("c", 1, ModelState::kRefused),
       Entry("d", 1, ModelState::kDraining)},
      health);
  EXPECT_THAT(health.serving(),
              ElementsAre(Pair("", true), Pair("a", false), Pair("b", true),
                          Pair("c", false), Pair("d", false)));
}

TEST(PublishHealthTest, AnyReadyVersionIsEnough) {
  FakeHealth health;
  Publish(
      {Entry("a", 1, ModelState::kReady), Entry("a", 2, ModelState::kRefused)},
      health);
  EXPECT_THAT(health.serving(), ElementsAre(Pair("", true), Pair("a", true)));
}

TEST(PublishHealthTest, NoneIsReadyAnyMore) {
  FakeHealth health;
  Publish({Entry("a", 1, ModelState::kReady)}, health);
  Publish({Entry("a", 1, ModelState::kDraining)}, health);
  EXPECT_THAT(health.serving(), ElementsAre(Pair("", false), Pair("a", false)));
}

TEST(PublishHealthTest, AModelThatFailsDoesNotServe) {
  FakeHealth health;
  const std::vector<ModelEntry> entries = {Entry("a", 1, ModelState::kReady),
                                           Entry("b", 1, ModelState::kReady),
                                           Entry("b", 2, ModelState::kReady)};
  Publish(entries, health, {.failing = {entries[0].id, entries[1].id}});
  EXPECT_THAT(health.serving(),
              ElementsAre(Pair("", true), Pair("a", false), Pair("b", true)));
  Publish(entries, health,
          {.failing = {entries[0].id, entries[1].id, entries[2].id}});
  EXPECT_THAT(health.serving(),
              ElementsAre(Pair("", false), Pair("a", false), Pair("b", false)));
  Publish(entries, health);
  EXPECT_THAT(health.serving(),
              ElementsAre(Pair("", true), Pair("a", true), Pair("b", true)));
}

TEST(PublishHealthTest, NothingServesWhereADeviceDoesNot) {
  FakeHealth health;
  Publish({Entry("a", 1, ModelState::kReady)}, health,
          {.devices = Error(Reason::kDeviceLost, "gone")});
  EXPECT_THAT(health.serving(), ElementsAre(Pair("", false), Pair("a", false)));
}

TEST(PublishHealthTest, AModelThatIsGoneDoesNotServe) {
  FakeHealth health;
  std::set<std::string> known;
  PublishHealth(
      {Entry("a", 1, ModelState::kReady), Entry("b", 1, ModelState::kReady)},
      {}, known, health);
  PublishHealth({Entry("b", 1, ModelState::kReady)}, {}, known, health);
  EXPECT_THAT(health.serving(),
              ElementsAre(Pair("", true), Pair("a", false), Pair("b", true)));
}

}  // namespace
}  // namespace strata
