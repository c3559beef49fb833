// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/model_manager.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/base/mutex.h"
#include "core/model/loader.h"
#include "core/model/model.h"
#include "core/model/registry.h"
#include "core/model/repository.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/puppet_model.h"
#include "tests/fakes/puppet_runner.h"

namespace strata {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

// A repository of files whose content is "good" or "bad", the second being
// refused, and a manager that follows it.
class ModelManagerTest : public testing::Test {
 protected:
  // A run that was ended may have left files.
  void SetUp() override { std::filesystem::remove_all(repository_); }
  void TearDown() override {
    manager_.reset();
    std::filesystem::remove_all(repository_);
  }

  void Write(const std::string& version, const std::string& content) {
    const std::filesystem::path folder = repository_ / "m" / version;
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "model.pt") << content;
  }
  void Remove(const std::string& version) {
    std::filesystem::remove_all(repository_ / "m" / version);
  }

  // Loads what there is.
  void Start(ServedVersions versions = ServedVersions::kNewest,
             bool unload_first = false) {
    auto scan = ScanRepository(repository_, versions);
    ASSERT_TRUE(scan.ok()) << scan.status();
    for (const ModelDirectory& directory : scan->directories) {
      registry_.SetLoading(directory.id);
    }
    manager_ = std::make_unique<ModelManager>(
        ModelManagerOptions{.repository = repository_,
                            .versions = versions,
                            .unload_first = unload_first},
        [this](const ModelDirectory& directory) { return Load(directory); },
        [this] { Note(); }, registry_);
    std::promise<void> loaded;
    manager_->Start(std::move(scan->directories),
                    [&loaded] { loaded.set_value(); });
    loaded.get_future().get();
  }

  LoadOutcome Load(const ModelDirectory& directory) {
    {
      MutexLock lock(mutex_);
      ++loads_;
      changed_.NotifyAll();
      while (holding_) changed_.Wait(mutex_);
    }
    std::ifstream file(directory.path / "model.pt");
    std::string content;
    file >> content;
    if (content != "good") {
      return {.model = Error(Reason::kModelRefused, content)};
    }
    auto model =
        MakePuppetModel(directory.id.name, std::make_shared<PuppetStrings>(),
                        directory.id.version);
    return {.model = model, .digest = model->digest, .report = model->report};
  }

  // As "1+ 2-": version 1 ready, 2 refused; ? loading, ~ draining.
  std::string States() const {
    std::string text;
    for (const ModelEntry& entry : registry_.List()) {
      absl::StrAppend(&text, text.empty() ? "" : " ", entry.id.version,
                      std::string(1, "?+-~"[static_cast<int>(entry.state)]));
    }
    return text;
  }

  void Note() {
    const MutexLock lock(mutex_);
    states_.push_back(States());
    changed_.NotifyAll();
  }

  // From now on, loads do not end before Release.
  void Hold() {
    const MutexLock lock(mutex_);
    holding_ = true;
  }
  void Release() {
    const MutexLock lock(mutex_);
    holding_ = false;
    changed_.NotifyAll();
  }
  // Waits until so many loads have begun since the start.
  void AwaitLoads(int loads) {
    MutexLock lock(mutex_);
    while (loads_ < loads) changed_.Wait(mutex_);
  }

  // Waits until the states are these.
  void Await(const std::string& states) {
    MutexLock lock(mutex_);
    while (States() != states) changed_.Wait(mutex_);
  }

  // Twice, as files have to settle.
  void LookUntilSettled() {
    manager_->Look();
    manager_->Look();
  }

  using Answer = std::future<absl::StatusOr<ModelEntry>>;

  Answer Ask(void (ModelManager::*request)(std::string, std::int64_t,
                                           ModelManager::Done),
             const std::string& name, std::int64_t version) {
    auto answer = std::make_shared<std::promise<absl::StatusOr<ModelEntry>>>();
    (manager_.get()->*request)(name, version,
                               [answer](absl::StatusOr<ModelEntry> entry) {
                                 answer->set_value(std::move(entry));
                               });
    return answer->get_future();
  }
  absl::StatusOr<ModelEntry> AskToLoad(std::int64_t version,
                                       const std::string& name = "m") {
    return Ask(&ModelManager::LoadVersion, name, version).get();
  }
  absl::StatusOr<ModelEntry> AskToUnload(std::int64_t version) {
    return Ask(&ModelManager::UnloadVersion, "m", version).get();
  }

  std::shared_ptr<const Model> Find(std::int64_t version = 0) {
    auto model = registry_.Find("m", version);
    return model.ok() ? *std::move(model) : nullptr;
  }

  const std::filesystem::path repository_ =
      std::filesystem::path(testing::TempDir()) /
      testing::UnitTest::GetInstance()->current_test_info()->name();
  ModelRegistry registry_;
  Mutex mutex_;
  CondVar changed_;
  // After each change.
  std::vector<std::string> states_;
  int loads_ = 0;
  bool holding_ = false;
  std::unique_ptr<ModelManager> manager_;
};

TEST_F(ModelManagerTest, LoadsOneAfterTheOther) {
  Write("1", "good");
  Write("2", "bad");
  Write("3", "good");
  Start(ServedVersions::kAll);
  EXPECT_THAT(states_, ElementsAre("1+ 2? 3?", "1+ 2- 3?", "1+ 2- 3+"));
}

TEST_F(ModelManagerTest, ANewVersionTakesOverOnceItIsReady) {
  Write("1", "good");
  Start();
  Write("2", "good");
  // It may be being written.
  manager_->Look();
  EXPECT_EQ(States(), "1+");
  manager_->Look();
  EXPECT_EQ(States(), "1+ 2+");
  EXPECT_EQ(Find()->id.version, 2);
  manager_->Look();
  Await("2+");
}

TEST_F(ModelManagerTest, AVersionThatIsBeingWrittenIsNotPickedUp) {
  Write("1", "good");
  Start();
  Write("2", "go");
  manager_->Look();
  Write("2", "good");
  manager_->Look();
  EXPECT_EQ(States(), "1+");
  manager_->Look();
  EXPECT_EQ(States(), "1+ 2+");
}

TEST_F(ModelManagerTest, ANewVersionThatIsRefusedLeavesTheOldOneServing) {
  Write("1", "good");
  Start();
  Write("2", "bad");
  LookUntilSettled();
  LookUntilSettled();
  EXPECT_EQ(States(), "1+ 2-");
  EXPECT_EQ(Find()->id.version, 1);
  Write("2", "good");
  LookUntilSettled();
  manager_->Look();
  Await("2+");
}

TEST_F(ModelManagerTest, RequestsUnderWayKeepWhatIsUnloaded) {
  Write("1", "good");
  Start();
  std::shared_ptr<const Model> under_way = Find();
  Remove("1");
  manager_->Look();
  EXPECT_EQ(States(), "1~");
  EXPECT_EQ(registry_.Find("m", 1).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(under_way->id.version, 1);
  under_way.reset();
  Await("");
}

TEST_F(ModelManagerTest, ForWantOfMemoryTheOldVersionIsGoneFirst) {
  Write("1", "good");
  Start(ServedVersions::kNewest, /*unload_first=*/true);
  std::weak_ptr<const Model> old = Find();
  Write("2", "good");
  manager_->Look();
  EXPECT_FALSE(old.expired());
  manager_->Look();
  EXPECT_TRUE(old.expired());
  EXPECT_EQ(States(), "2+");
  EXPECT_THAT(states_, testing::Not(testing::Contains("1+ 2+")));
}

TEST_F(ModelManagerTest, ARepositoryThatCannotBeReadTakesNothingAway) {
  Write("1", "good");
  Start();
  std::filesystem::rename(repository_, repository_.string() + "-away");
  LookUntilSettled();
  EXPECT_EQ(States(), "1+");
  std::filesystem::rename(repository_.string() + "-away", repository_);
  LookUntilSettled();
  EXPECT_EQ(States(), "1+");
}

TEST_F(ModelManagerTest, LabelsFollowTheRepository) {
  Write("1", "good");
  Start();
  std::ofstream(repository_ / "m" / "strata.json")
      << R"({"labels": {"stable": 1}})";
  manager_->Look();
  EXPECT_THAT(registry_.List().at(0).labels, ElementsAre("stable"));
}

TEST_F(ModelManagerTest, LoadsWhatIsAskedForAndKeepsIt) {
  Write("1", "good");
  Write("2", "good");
  Start();
  EXPECT_EQ(States(), "2+");
  const auto loaded = AskToLoad(1);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->state, ModelState::kReady);
  LookUntilSettled();
  EXPECT_EQ(States(), "1+ 2+");
  // Again is no mistake.
  EXPECT_TRUE(AskToLoad(1).ok());
  EXPECT_EQ(AskToLoad(0)->id.version, 2);
}

TEST_F(ModelManagerTest, UnloadsWhatIsAskedForAndKeepsItAway) {
  Write("1", "good");
  Start();
  const auto unloaded = AskToUnload(1);
  ASSERT_TRUE(unloaded.ok()) << unloaded.status();
  EXPECT_EQ(unloaded->state, ModelState::kDraining);
  Await("");
  LookUntilSettled();
  EXPECT_EQ(States(), "");
  EXPECT_TRUE(AskToLoad(1).ok());
  EXPECT_EQ(States(), "1+");
}

TEST_F(ModelManagerTest, WhatWasAskedAwayMayComeAnew) {
  Write("1", "good");
  Start();
  EXPECT_TRUE(AskToUnload(1).ok());
  Await("");
  Remove("1");
  manager_->Look();
  Write("1", "good");
  LookUntilSettled();
  EXPECT_EQ(States(), "1+");
}

TEST_F(ModelManagerTest, SaysWhyWhatIsAskedForIsRefused) {
  Write("1", "bad");
  Start();
  const absl::Status status = AskToLoad(1).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "bad");
  Write("1", "good");
  EXPECT_TRUE(AskToLoad(1).ok());
}

TEST_F(ModelManagerTest, WhatCannotBeAskedFor) {
  Write("1", "good");
  Start();
  EXPECT_EQ(AskToLoad(7).status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(AskToLoad(7).status().message()),
              HasSubstr("it has: 1"));
  EXPECT_EQ(AskToLoad(-1).status().code(), absl::StatusCode::kInvalidArgument);
  for (const char* name : {"", "..", "../m", "m/../m", "x"}) {
    EXPECT_EQ(AskToLoad(1, name).status().code(), absl::StatusCode::kNotFound)
        << name;
  }
  EXPECT_EQ(AskToUnload(0).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(AskToUnload(7).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(States(), "1+");
}

TEST_F(ModelManagerTest, NothingIsBegunAfterAStop) {
  Write("1", "good");
  Start();
  manager_->Stop();
  Write("2", "good");
  LookUntilSettled();
  EXPECT_EQ(ReasonOf(AskToLoad(2).status()), Reason::kServerStopping);
  EXPECT_EQ(States(), "1+");
}

// A load cannot be interrupted, and a drain waits for every call.
TEST_F(ModelManagerTest, AStopAnswersWhatWaitsForALoad) {
  Write("1", "good");
  Start();
  Hold();
  Write("2", "good");
  std::vector<Answer> answers;
  answers.push_back(Ask(&ModelManager::LoadVersion, "m", 2));
  AwaitLoads(2);
  answers.push_back(Ask(&ModelManager::LoadVersion, "m", 1));
  answers.push_back(Ask(&ModelManager::UnloadVersion, "m", 1));
  manager_->Stop();
  answers.push_back(Ask(&ModelManager::LoadVersion, "m", 1));
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  std::vector<std::future_status> answered;
  for (Answer& answer : answers) answered.push_back(answer.wait_until(end));
  EXPECT_THAT(answered, Each(std::future_status::ready));
  EXPECT_TRUE(manager_->is_loading());
  Release();
  for (Answer& answer : answers) {
    const absl::Status status = answer.get().status();
    EXPECT_EQ(ReasonOf(status), Reason::kServerStopping) << status;
  }
}

// As when the server ends while requests hold a model.
TEST_F(ModelManagerTest, AModelMayOutliveItsManager) {
  Write("1", "good");
  Start();
  const std::shared_ptr<const Model> model = Find();
  manager_.reset();
  EXPECT_EQ(model->id.version, 1);
}

}  // namespace
}  // namespace strata
