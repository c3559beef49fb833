// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/health.h"

#include <map>
#include <set>
#include <string>

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
void Publish(const std::vector<ModelEntry>& entries, FakeHealth& health) {
  std::set<std::string> known;
  PublishHealth(entries, known, health);
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

TEST(PublishHealthTest, AModelThatIsGoneDoesNotServe) {
  FakeHealth health;
  std::set<std::string> known;
  PublishHealth(
      {Entry("a", 1, ModelState::kReady), Entry("b", 1, ModelState::kReady)},
      known, health);
  PublishHealth({Entry("b", 1, ModelState::kReady)}, known, health);
  EXPECT_THAT(health.serving(),
              ElementsAre(Pair("", true), Pair("a", false), Pair("b", true)));
}

}  // namespace
}  // namespace strata
