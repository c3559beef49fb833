// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_REGISTRY_H_
#define STRATA_CORE_MODEL_REGISTRY_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/base/mutex.h"
#include "core/model/model.h"
#include "core/model/report.h"

namespace strata {

// Where a version is in its life.
//
//   kLoading --> kReady --> kDraining --> (gone)
//    |    ^
//    v    |
//   kRefused --> (gone)
enum class ModelState { kLoading, kReady, kRefused, kDraining };

// What is known of a version.
struct ModelEntry {
  ModelId id;
  // That name this version in requests, in order.
  std::vector<std::string> labels;
  ModelState state = ModelState::kLoading;
  // Why it was refused; OK otherwise.
  absl::Status refusal;
  // Empty until read.
  std::string digest;
  // Of a refused version: what was found until then.
  TraceReport report;
  // Set when ready. What drains is held by its requests alone.
  std::shared_ptr<const Model> model;
};

// The models of this process, by name and version. Thread-safe.
class ModelRegistry {
 public:
  // A version that is new, or was refused and is tried again.
  void SetLoading(const ModelId& id, std::vector<std::string> labels = {});
  // Error: the version must be loading.
  absl::Status SetReady(std::shared_ptr<const Model> model);
  absl::Status SetRefused(const ModelId& id, const absl::Status& refusal,
                          std::string digest, TraceReport report);
  // From now on no request finds it; those that have it finish. Error: the
  // version must be ready.
  absl::Status SetDraining(const ModelId& id);
  // Forgets a version that drained or was refused; of any other, nothing.
  void Remove(const ModelId& id);
  // Of a version that is not known, nothing.
  void SetLabels(const ModelId& id, std::vector<std::string> labels);

  // The ready model for a request. `name` empty: the only model there is;
  // `version` 0: the newest that is ready; `label`, where it is not empty,
  // names the version in place of its number. Errors: MODEL_AMBIGUOUS,
  // MODEL_NOT_FOUND (naming what there is), MODEL_NOT_READY, MODEL_REFUSED;
  // INVALID_FIELD for both a version and a label.
  absl::StatusOr<std::shared_ptr<const Model>> Find(
      absl::string_view name, std::int64_t version,
      absl::string_view label = "") const;

  // The entry, whatever its state. `version` 0: the newest that is ready, and
  // if none is, the newest. Errors: MODEL_AMBIGUOUS, MODEL_NOT_FOUND,
  // INVALID_FIELD.
  absl::StatusOr<ModelEntry> Describe(absl::string_view name,
                                      std::int64_t version,
                                      absl::string_view label = "") const;

  // All entries, by name and then version.
  std::vector<ModelEntry> List() const;

 private:
  using Versions = std::map<std::int64_t, ModelEntry>;

  // nullptr where it is not known.
  ModelEntry* FindKnown(const ModelId& id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<ModelEntry*> FindLoading(const ModelId& id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<const Versions*> FindVersions(absl::string_view name) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<ModelEntry> FindEntry(absl::string_view name,
                                       std::int64_t version,
                                       absl::string_view label) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  std::map<std::string, Versions, std::less<>> models_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace strata

#endif  // STRATA_CORE_MODEL_REGISTRY_H_
