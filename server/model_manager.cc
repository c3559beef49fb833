// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/model_manager.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/base/mutex.h"
#include "core/base/status_macros.h"
#include "core/base/thread_pool.h"
#include "core/model/digest.h"
#include "core/model/model.h"
#include "core/model/registry.h"
#include "core/model/repository.h"
#include "core/model/rollout.h"
#include "server/log.h"
#include "server/model_loading.h"

namespace strata {
namespace {

absl::Status Stopping() {
  return Error(Reason::kServerStopping, "the server is stopping");
}

}  // namespace

// Outlives the manager while a model does.
struct ModelManager::Graveyard {
  explicit Graveyard(ModelManager& owner) : manager(&owner) {}

  Mutex mutex;
  // nullptr once it is gone.
  ModelManager* manager ABSL_GUARDED_BY(mutex);
  // Lets memory go, which takes a while for a large model.
  ThreadPool thread{1};
};

ModelManager::ModelManager(ModelManagerOptions options, LoadModel load,
                           std::function<void()> changed,
                           ModelRegistry& registry)
    : options_(std::move(options)),
      load_(std::move(load)),
      registry_(registry),
      changed_(std::move(changed)),
      graveyard_(std::make_shared<Graveyard>(*this)) {
  state_.unload_first = options_.unload_first;
}

ModelManager::~ModelManager() {
  Stop();
  poller_ = {};
  loader_.Join();
  {
    const MutexLock lock(graveyard_->mutex);
    graveyard_->manager = nullptr;
  }
  graveyard_->thread.Join();
}

void ModelManager::Start(std::vector<ModelDirectory> found,
                         absl::AnyInvocable<void()> loaded) {
  loader_.Submit(
      [this, found = std::move(found), loaded = std::move(loaded)]() mutable {
        LoadFound(found);
        if (stopped_) return;
        std::move(loaded)();
      });
  if (options_.poll <= absl::ZeroDuration()) return;
  poller_ = std::jthread([this](const std::stop_token& stop) {
    const std::stop_callback wake(stop, [this] {
      const MutexLock lock(gone_mutex_);
      gone_.NotifyAll();
    });
    while (!stop.stop_requested() && !stopped_) {
      const absl::Time next = absl::Now() + options_.poll;
      {
        MutexLock lock(gone_mutex_);
        while (absl::Now() < next && !stop.stop_requested() && !stopped_) {
          gone_.WaitFor(gone_mutex_, next - absl::Now());
        }
      }
      Look();
    }
  });
}

void ModelManager::Stop() {
  stopped_ = true;
  {
    const MutexLock lock(gone_mutex_);
    gone_.NotifyAll();
  }
  std::map<std::uint64_t, Done> asked;
  {
    const MutexLock lock(asked_mutex_);
    refusing_ = true;
    asked.swap(asked_);
  }
  for (auto& [number, done] : asked) std::move(done)(Stopping());
}

void ModelManager::LoadFound(const std::vector<ModelDirectory>& found) {
  for (const ModelDirectory& directory : found) {
    if (stopped_) return;
    Load(directory);
  }
}

void ModelManager::Load(const ModelDirectory& directory) {
  const std::string stamp = StampModelDirectory(directory.path);
  state_.loaded_stamps[directory.id] = stamp;
  seen_[directory.id] = stamp;
  loading_ = true;
  LoadInto(registry_, directory, load_,
           [this](std::shared_ptr<const Model> model) {
             return Adopt(std::move(model));
           });
  loading_ = false;
  Changed();
}

void ModelManager::Ask(absl::AnyInvocable<absl::StatusOr<ModelEntry>()> work,
                       Done done) {
  std::optional<std::uint64_t> number;
  {
    const MutexLock lock(asked_mutex_);
    if (!refusing_) {
      number = next_asked_++;
      asked_.emplace(*number, std::move(done));
    }
  }
  if (!number.has_value()) {
    std::move(done)(Stopping());
    return;
  }
  loader_.Submit([this, work = std::move(work), number = *number]() mutable {
    // Stop answers.
    if (stopped_) return;
    auto entry = std::move(work)();
    if (Done done = TakeAsked(number)) std::move(done)(std::move(entry));
  });
}

ModelManager::Done ModelManager::TakeAsked(std::uint64_t number) {
  const MutexLock lock(asked_mutex_);
  const auto found = asked_.find(number);
  if (found == asked_.end()) return nullptr;
  Done done = std::move(found->second);
  asked_.erase(found);
  return done;
}

void ModelManager::LoadVersion(std::string name, std::int64_t version,
                               Done done) {
  Ask([this, name = std::move(name),
       version] { return LoadAsked(name, version); },
      std::move(done));
}

void ModelManager::UnloadVersion(std::string name, std::int64_t version,
                                 Done done) {
  Ask([this, name = std::move(name),
       version] { return UnloadAsked(name, version); },
      std::move(done));
}

absl::StatusOr<ModelEntry> ModelManager::LoadAsked(const std::string& name,
                                                   std::int64_t version) {
  if (version < 0) {
    return FieldError("version",
                      absl::StrCat("got ", version,
                                   ", expected a positive version, or 0 for "
                                   "the newest in the repository"));
  }
  STRATA_ASSIGN_OR_RETURN(
      const ModelDirectory directory,
      FindModelDirectory(options_.repository, name, version));
  const ModelId& id = directory.id;
  const auto known = registry_.Describe(id.name, id.version);
  if (known.ok() && known->state == ModelState::kDraining) {
    return Error(Reason::kModelNotReady,
                 "the version is being unloaded; try again");
  }
  state_.asked_for.insert(id);
  state_.asked_away.erase(id);
  if (!known.ok() || known->state == ModelState::kRefused) {
    registry_.SetLoading(id, directory.labels);
    Changed();
    Load(directory);
  }
  STRATA_ASSIGN_OR_RETURN(ModelEntry entry,
                          registry_.Describe(id.name, id.version));
  if (entry.state == ModelState::kRefused) return entry.refusal;
  return entry;
}

absl::StatusOr<ModelEntry> ModelManager::UnloadAsked(const std::string& name,
                                                     std::int64_t version) {
  if (name.empty()) {
    return FieldError("model", "empty; name the model to unload");
  }
  if (version <= 0) {
    return FieldError("version", absl::StrCat("got ", version,
                                              ", expected the version to "
                                              "unload, a positive number"));
  }
  STRATA_ASSIGN_OR_RETURN(ModelEntry entry, registry_.Describe(name, version));
  state_.asked_for.erase(entry.id);
  state_.asked_away.insert(entry.id);
  entry.model.reset();
  if (entry.state != ModelState::kDraining) Unload(entry.id);
  entry.state = ModelState::kDraining;
  return entry;
}

void ModelManager::Look() {
  Mutex mutex;
  CondVar changed;
  bool done = false;
  loader_.Submit([&] {
    if (!stopped_) LookNow();
    const MutexLock lock(mutex);
    done = true;
    changed.NotifyOne();
  });
  MutexLock lock(mutex);
  while (!done) changed.Wait(mutex);
}

absl::StatusOr<std::vector<WantedVersion>> ModelManager::ReadRepository() {
  STRATA_ASSIGN_OR_RETURN(
      const RepositoryScan scan,
      ScanRepository(options_.repository, options_.versions));
  std::map<ModelId, std::string> stamps;
  std::vector<WantedVersion> wanted;
  for (const ModelDirectory& directory : scan.directories) {
    std::string stamp = StampModelDirectory(directory.path);
    const auto before = seen_.find(directory.id);
    const bool settled = before != seen_.end() && before->second == stamp;
    stamps[directory.id] = stamp;
    wanted.push_back({.directory = directory,
                      .stamp = std::move(stamp),
                      .settled = settled});
  }
  seen_ = std::move(stamps);
  return wanted;
}

RolloutSteps ModelManager::Plan(const std::vector<WantedVersion>& wanted) {
  const auto is_gone = [this](const ModelId& id) {
    std::error_code ignored;
    return !std::filesystem::exists(
        options_.repository / id.name / absl::StrCat(id.version), ignored);
  };
  std::erase_if(state_.asked_for, is_gone);
  std::erase_if(state_.asked_away, is_gone);
  // Not kept: entries hold models.
  RolloutState state = state_;
  state.entries = registry_.List();
  for (const ModelEntry& entry : state.entries) {
    if (!is_gone(entry.id)) state.there.insert(entry.id);
  }
  return PlanRollout(wanted, state);
}

void ModelManager::LookNow() {
  const auto wanted = ReadRepository();
  const std::string problem(wanted.status().message());
  if (problem != unreadable_ && !problem.empty()) {
    Log(Severity::kWarning, "repository", {{"message", problem}});
  }
  unreadable_ = problem;
  // A volume that is away for a while takes no model with it.
  if (!wanted.ok()) return;
  const RolloutSteps steps = Plan(*wanted);
  for (const ModelDirectory& directory : steps.relabel) {
    registry_.SetLabels(directory.id, directory.labels);
  }
  for (const ModelId& id : steps.unload) Unload(id);
  for (const ModelDirectory& directory : steps.load) {
    if (stopped_) return;
    if (options_.unload_first) AwaitGone(directory.id.name);
    // Which Stop ends.
    if (stopped_) return;
    registry_.SetLoading(directory.id, directory.labels);
    Changed();
    Load(directory);
  }
}

void ModelManager::Unload(const ModelId& id) {
  {
    const MutexLock lock(gone_mutex_);
    draining_.insert(id.name);
  }
  Log(Severity::kInfo, "model_draining", IdFields(id));
  // Of one that is ready, the last user says when it is gone.
  if (!registry_.SetDraining(id).ok()) OnGone(id);
  Changed();
}

void ModelManager::AwaitGone(const std::string& name) {
  const absl::Time end = absl::Now() + options_.drain_timeout;
  MutexLock lock(gone_mutex_);
  while (draining_.contains(name) && !stopped_ && absl::Now() < end) {
    gone_.WaitFor(gone_mutex_, end - absl::Now());
  }
}

void ModelManager::Changed() {
  const MutexLock lock(changed_mutex_);
  changed_();
}

std::shared_ptr<const Model> ModelManager::Adopt(
    std::shared_ptr<const Model> model) {
  const Model* const address = model.get();
  return {address, [graveyard = graveyard_,
                    model = std::move(model)](const Model*) mutable {
            // Whose last user this was is not to wait for its memory.
            const MutexLock lock(graveyard->mutex);
            if (graveyard->manager == nullptr) {
              model.reset();
              return;
            }
            graveyard->thread.Submit([manager = graveyard->manager,
                                      model = std::move(model)]() mutable {
              const ModelId id = model->id;
              model.reset();
              manager->OnGone(id);
            });
          }};
}

void ModelManager::OnGone(const ModelId& id) {
  registry_.Remove(id);
  Log(Severity::kInfo, "model_unloaded", IdFields(id));
  Changed();
  const MutexLock lock(gone_mutex_);
  const auto drained = draining_.find(id.name);
  if (drained != draining_.end()) draining_.erase(drained);
  gone_.NotifyAll();
}

}  // namespace strata
