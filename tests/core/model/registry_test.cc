// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/registry.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/base/error.h"
#include "gtest/gtest.h"
#include "tests/fakes/puppet_model.h"

namespace strata {
namespace {

std::shared_ptr<const Model> MakeModel(const std::string& name, int version) {
  return MakePuppetModel(name, std::make_shared<PuppetStrings>(), version);
}

void AddReady(ModelRegistry& registry, const std::string& name, int version) {
  registry.SetLoading({name, version});
  ASSERT_TRUE(registry.SetReady(MakeModel(name, version)).ok());
}

void AddRefused(ModelRegistry& registry, const std::string& name, int version) {
  registry.SetLoading({name, version});
  ASSERT_TRUE(registry
                  .SetRefused({name, version},
                              Error(Reason::kModelRefused, "no model.pt"),
                              "sha256:x", {.layers = 3})
                  .ok());
}

TEST(ModelRegistry, EmptyNameIsTheOnlyModel) {
  ModelRegistry registry;
  EXPECT_EQ(registry.Find("", 0).status().message(),
            "this server has no models");
  AddReady(registry, "a", 1);
  EXPECT_EQ((*registry.Find("", 0))->id, (ModelId{"a", 1}));
  AddReady(registry, "b", 1);
  const absl::Status ambiguous = registry.Find("", 0).status();
  EXPECT_EQ(ambiguous.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(ambiguous), Reason::kModelAmbiguous);
  EXPECT_EQ(ambiguous.message(),
            "model: empty, and this server has several; name one of: a, b");
}

TEST(ModelRegistry, UnknownNamesAndVersionsSayWhatThereIs) {
  ModelRegistry registry;
  AddReady(registry, "a", 1);
  AddReady(registry, "a", 3);
  EXPECT_EQ(registry.Find("x", 0).status().message(),
            "no model \"x\"; this server has: a");
  const absl::Status version = registry.Find("a", 2).status();
  EXPECT_EQ(version.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(version.message(), "model \"a\" has no version 2; it has: 1, 3");
  EXPECT_EQ(FieldOf(registry.Find("a", -1).status()), "version");
}

TEST(ModelRegistry, ShowsAStrangersNameShortAndPlain) {
  ModelRegistry registry;
  AddReady(registry, "a", 1);
  EXPECT_EQ(registry.Find("x\ny", 0).status().message(),
            "no model \"x\\ny\"; this server has: a");
  EXPECT_EQ(registry.Find(std::string(1000, 'x'), 0).status().message(),
            "no model \"" + std::string(80, 'x') + "...\"; this server has: a");
}

TEST(ModelRegistry, VersionZeroIsTheNewestThatIsReady) {
  ModelRegistry registry;
  AddReady(registry, "a", 1);
  AddReady(registry, "a", 2);
  AddRefused(registry, "a", 3);
  registry.SetLoading({"a", 4});
  EXPECT_EQ((*registry.Find("a", 0))->id.version, 2);
  EXPECT_EQ((*registry.Find("a", 1))->id.version, 1);
  EXPECT_EQ(registry.Describe("a", 0)->id.version, 2);
}

TEST(ModelRegistry, ALabelNamesAVersion) {
  ModelRegistry registry;
  registry.SetLoading({"a", 1}, {"old", "stable"});
  ASSERT_TRUE(registry.SetReady(MakeModel("a", 1)).ok());
  registry.SetLoading({"a", 2}, {"canary"});
  AddReady(registry, "a", 3);
  AddReady(registry, "b", 1);
  EXPECT_EQ((*registry.Find("a", 0, "stable"))->id.version, 1);
  EXPECT_EQ((*registry.Find("a", 0, "old"))->id.version, 1);
  EXPECT_EQ(registry.Describe("a", 0, "canary")->id.version, 2);
  EXPECT_EQ(ReasonOf(registry.Find("a", 0, "canary").status()),
            Reason::kModelNotReady);
  EXPECT_EQ(registry.List().front().labels,
            (std::vector<std::string>{"old", "stable"}));

  const absl::Status unknown = registry.Find("a", 0, "st\nable").status();
  EXPECT_EQ(ReasonOf(unknown), Reason::kModelNotFound);
  EXPECT_EQ(unknown.message(),
            "model \"a\" has no version label \"st\\nable\"; it has: canary, "
            "old, stable");
  EXPECT_EQ(registry.Describe("b", 0, "stable").status().message(),
            "model \"b\" has no version label \"stable\"; it has: none");
  const absl::Status both = registry.Find("a", 3, "stable").status();
  EXPECT_EQ(FieldOf(both), "version_label");
  EXPECT_EQ(both.message(),
            "version_label: set together with version 3; set one of them");
}

TEST(ModelRegistry, WhatIsNotReadySaysWhy) {
  ModelRegistry registry;
  AddRefused(registry, "a", 1);
  const absl::Status refused = registry.Find("a", 0).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(refused.message(),
            "model \"a\" version 1 was refused when it was loaded: no "
            "model.pt");
  registry.SetLoading({"a", 2});
  const absl::Status loading = registry.Find("a", 0).status();
  EXPECT_EQ(loading.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(loading), Reason::kModelNotReady);
  EXPECT_EQ(loading.message(),
            "model \"a\" version 2 is still loading; try again");
}

TEST(ModelRegistry, DescribesTheRefusedToo) {
  ModelRegistry registry;
  AddRefused(registry, "a", 1);
  const auto entry = registry.Describe("a", 1);
  ASSERT_TRUE(entry.ok());
  EXPECT_EQ(entry->state, ModelState::kRefused);
  EXPECT_EQ(entry->refusal.message(), "no model.pt");
  EXPECT_EQ(entry->digest, "sha256:x");
  EXPECT_EQ(entry->report.layers, 3);
  EXPECT_EQ(entry->model, nullptr);
}

TEST(ModelRegistry, ListsByNameAndThenVersion) {
  ModelRegistry registry;
  AddReady(registry, "b", 10);
  AddRefused(registry, "b", 9);
  registry.SetLoading({"a", 1});
  std::vector<ModelId> ids;
  for (const ModelEntry& entry : registry.List()) ids.push_back(entry.id);
  EXPECT_EQ(ids, (std::vector<ModelId>{{"a", 1}, {"b", 9}, {"b", 10}}));
}

TEST(ModelRegistry, OnlyWhatLoadsBecomesReadyOrRefused) {
  ModelRegistry registry;
  EXPECT_EQ(registry.SetReady(MakeModel("a", 1)).message(),
            "model \"a\" version 1 is not loading");
  AddReady(registry, "a", 1);
  EXPECT_EQ(registry.SetReady(MakeModel("a", 1)).code(),
            absl::StatusCode::kInternal);
  EXPECT_EQ(registry.SetRefused({"a", 1}, absl::OkStatus(), "", {}).code(),
            absl::StatusCode::kInternal);
}

TEST(ModelRegistry, WhatDrainsIsFoundNoMoreAndGoesWithItsLastUser) {
  ModelRegistry registry;
  AddReady(registry, "a", 1);
  AddReady(registry, "a", 2);
  std::shared_ptr<const Model> model = *registry.Find("a", 2);
  ASSERT_TRUE(registry.SetDraining({"a", 2}).ok());
  EXPECT_EQ(ReasonOf(registry.Find("a", 2).status()), Reason::kModelNotReady);
  EXPECT_EQ((*registry.Find("a", 0))->id.version, 1);
  EXPECT_EQ(registry.List().at(1).state, ModelState::kDraining);
  EXPECT_EQ(model.use_count(), 1);
  registry.Remove({"a", 2});
  EXPECT_EQ(registry.List().size(), 1);
}

TEST(ModelRegistry, OnlyWhatIsReadyDrainsAndOnlyWhatIsIdleIsRemoved) {
  ModelRegistry registry;
  AddRefused(registry, "a", 1);
  EXPECT_FALSE(registry.SetDraining({"a", 1}).ok());
  EXPECT_FALSE(registry.SetDraining({"b", 1}).ok());
  AddReady(registry, "b", 1);
  registry.Remove({"b", 1});
  registry.Remove({"b", 2});
  EXPECT_TRUE(registry.Find("b", 1).ok());
  registry.Remove({"a", 1});
  EXPECT_EQ(registry.Find("a", 1).status().message(),
            "no model \"a\"; this server has: b");
}

TEST(ModelRegistry, WhatWasRefusedCanBeTriedAgain) {
  ModelRegistry registry;
  AddRefused(registry, "a", 1);
  AddReady(registry, "a", 1);
  EXPECT_TRUE(registry.Find("a", 1).ok());
  EXPECT_TRUE(registry.Describe("a", 1)->refusal.ok());
}

TEST(ModelRegistry, LabelsCanChange) {
  ModelRegistry registry;
  AddReady(registry, "a", 1);
  registry.SetLabels({"a", 1}, {"stable"});
  registry.SetLabels({"x", 1}, {"stable"});
  EXPECT_TRUE(registry.Find("a", 0, "stable").ok());
  registry.SetLabels({"a", 1}, {});
  EXPECT_FALSE(registry.Find("a", 0, "stable").ok());
}

}  // namespace
}  // namespace strata
