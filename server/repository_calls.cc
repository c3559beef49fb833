// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/repository_calls.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/mutex.h"
#include "core/model/registry.h"
#include "server/model_manager.h"
#include "server/unary_call.h"
#include "triton/grpc_service.pb.h"

namespace strata {
namespace {

// A call that is answered when its last step is done, with the first error.
class StepsCall {
 public:
  explicit StepsCall(std::shared_ptr<UnaryCall> call)
      : call_(std::move(call)) {}
  ~StepsCall() {
    if (status_.ok()) {
      call_->FinishWith(inference::RepositoryModelUnloadResponse());
    } else {
      call_->Finish(status_);
    }
  }
  StepsCall(const StepsCall&) = delete;
  StepsCall& operator=(const StepsCall&) = delete;

  void Done(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_) {
    // It has gone meanwhile, by itself: that is what was asked for.
    if (ReasonOf(status) == Reason::kModelNotFound) return;
    const MutexLock lock(mutex_);
    status_.Update(status);
  }

 private:
  const std::shared_ptr<UnaryCall> call_;
  Mutex mutex_;
  absl::Status status_;
};

}  // namespace

void LoadNewest(ModelManager& manager,
                const inference::RepositoryModelLoadRequest& request,
                std::shared_ptr<UnaryCall> call) {
  for (const auto& [name, value] : request.parameters()) {
    if (name != "config" && !absl::StartsWith(name, "file:")) continue;
    call->Finish(Error(Reason::kNotImplemented,
                       "parameters: this server takes no configuration and no "
                       "files with a request; put them into the repository"));
    return;
  }
  manager.LoadVersion(
      request.model_name(), /*version=*/0,
      [call = std::move(call)](const absl::StatusOr<ModelEntry>& entry) {
        if (entry.ok()) {
          call->FinishWith(inference::RepositoryModelLoadResponse());
        } else {
          call->Finish(entry.status());
        }
      });
}

void UnloadVersions(ModelManager& manager, const ModelRegistry& registry,
                    const inference::RepositoryModelUnloadRequest& request,
                    std::shared_ptr<UnaryCall> call) {
  std::vector<std::int64_t> versions;
  for (const ModelEntry& entry : registry.List()) {
    if (entry.id.name == request.model_name()) {
      versions.push_back(entry.id.version);
    }
  }
  if (versions.empty()) {
    call->Finish(
        Error(Reason::kModelNotFound,
              absl::StrCat("no model \"", request.model_name(),
                           "\" in this server; RepositoryIndex lists them")));
    return;
  }
  const auto steps = std::make_shared<StepsCall>(std::move(call));
  for (const std::int64_t version : versions) {
    manager.UnloadVersion(request.model_name(), version,
                          [steps](const absl::StatusOr<ModelEntry>& entry) {
                            steps->Done(entry.status());
                          });
  }
}

}  // namespace strata
