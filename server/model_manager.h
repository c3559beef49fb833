// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_MODEL_MANAGER_H_
#define STRATA_SERVER_MODEL_MANAGER_H_

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/base/thread_pool.h"
#include "core/model/model.h"
#include "core/model/registry.h"
#include "core/model/repository.h"
#include "core/model/rollout.h"
#include "core/model/version_policy.h"
#include "server/model_loading.h"

namespace strata {

// How the models of a server follow its repository; see the flags of the same
// names.
struct ModelManagerOptions {
  std::filesystem::path repository;
  ServedVersions versions = ServedVersions::kAll;
  // How often the repository is looked at; zero: once, at the start.
  absl::Duration poll = absl::ZeroDuration();
  // Unload what is superseded before what supersedes it is loaded.
  bool unload_first = false;
  // How long to wait then for the requests that hold the old version.
  absl::Duration drain_timeout = absl::Seconds(30);
};

// Loads and unloads the models of a registry: those of the repository at the
// start, what changes there, and what is asked for. One at a time, on a thread
// of its own; what is unloaded serves the requests that have it, and its memory
// goes with the last of them, on another. Thread-safe.
class ModelManager {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<ModelEntry>)>;

  // `changed` is called after each change of the registry, from one thread at a
  // time. `registry` outlives the manager.
  ModelManager(ModelManagerOptions options, LoadModel load,
               std::function<void()> changed, ModelRegistry& registry);
  // As Stop; waits for the load that runs.
  ~ModelManager();

  // Loads `found`, which are kLoading in the registry, calls `loaded`, and
  // begins to look at the repository. Called once.
  void Start(std::vector<ModelDirectory> found,
             absl::AnyInvocable<void()> loaded);

  // Loads a version of the repository, 0 the newest, and keeps it while it lies
  // there. `done` gets the entry, on the manager's thread, on that of Stop or
  // on the calling one: ready, or the error that it was refused with. Errors:
  // INVALID_FIELD, MODEL_NOT_FOUND, MODEL_NOT_READY while it is being unloaded,
  // SERVER_STOPPING.
  void LoadVersion(std::string name, std::int64_t version, Done done);

  // Unloads a version, and keeps it so while it lies in the repository. `done`
  // gets the entry while it drains. Errors: INVALID_FIELD, MODEL_NOT_FOUND,
  // SERVER_STOPPING.
  void UnloadVersion(std::string name, std::int64_t version, Done done);

  // Looks at the repository once, as is done every `poll`, and returns when
  // what follows from it has been done.
  void Look();

  // Begins nothing more. What was asked for and is not done fails with
  // SERVER_STOPPING before this returns, also what is being loaded: that cannot
  // be interrupted, and whoever waits for it would hold a drain.
  void Stop() ABSL_LOCKS_EXCLUDED(asked_mutex_);

  // Whether a model is being loaded, which cannot be interrupted.
  bool is_loading() const { return loading_; }

 private:
  // What models that drain tell, as long as the manager lives.
  struct Graveyard;

  // Each on the loading thread.
  void LoadFound(const std::vector<ModelDirectory>& found);
  void Load(const ModelDirectory& directory);
  absl::StatusOr<ModelEntry> LoadAsked(const std::string& name,
                                       std::int64_t version);
  absl::StatusOr<ModelEntry> UnloadAsked(const std::string& name,
                                         std::int64_t version);
  void LookNow();
  RolloutSteps Plan(const std::vector<WantedVersion>& wanted);
  // What the repository wants, and what lies in it besides.
  absl::StatusOr<std::vector<WantedVersion>> ReadRepository();
  // Lets a version's requests finish, or forgets one that was refused.
  void Unload(const ModelId& id);
  // Waits until the memory of what drains of `name` is free.
  void AwaitGone(const std::string& name);

  // Lets `changed_` know, from one thread at a time.
  void Changed() ABSL_LOCKS_EXCLUDED(changed_mutex_);
  // Puts around a model what tells that its last user is done with it.
  std::shared_ptr<const Model> Adopt(std::shared_ptr<const Model> model);
  void OnGone(const ModelId& id);
  void Ask(absl::AnyInvocable<absl::StatusOr<ModelEntry>()> work, Done done)
      ABSL_LOCKS_EXCLUDED(asked_mutex_);
  // Takes what is to be told of an answer; nullptr: it has been told already.
  Done TakeAsked(std::uint64_t number) ABSL_LOCKS_EXCLUDED(asked_mutex_);

  const ModelManagerOptions options_;
  const LoadModel load_;
  ModelRegistry& registry_;

  Mutex changed_mutex_;
  const std::function<void()> changed_ ABSL_GUARDED_BY(changed_mutex_);

  Mutex asked_mutex_;
  // Whether Stop has answered what was asked for.
  bool refusing_ ABSL_GUARDED_BY(asked_mutex_) = false;
  std::uint64_t next_asked_ ABSL_GUARDED_BY(asked_mutex_) = 0;
  // What is not answered yet.
  std::map<std::uint64_t, Done> asked_ ABSL_GUARDED_BY(asked_mutex_);

  std::atomic<bool> stopped_ = false;
  std::atomic<bool> loading_ = false;

  // Of the loading thread alone; without what the registry knows.
  RolloutState state_;
  // Stamps of the look before.
  std::map<ModelId, std::string> seen_;
  // Why the repository could not be read the last time; empty: it could.
  std::string unreadable_;

  // Told when something that drained is gone, and by Stop.
  Mutex gone_mutex_;
  CondVar gone_;
  std::multiset<std::string> draining_ ABSL_GUARDED_BY(gone_mutex_);

  std::shared_ptr<Graveyard> graveyard_;
  ThreadPool loader_{1};
  std::jthread poller_;
};

}  // namespace strata

#endif  // STRATA_SERVER_MODEL_MANAGER_H_
