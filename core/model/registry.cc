// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/registry.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/error.h"
#include "core/base/mutex.h"
#include "core/base/status_macros.h"
#include "core/model/join_keys.h"
#include "core/model/model.h"
#include "core/model/report.h"

namespace strata {
namespace {

// A name as a caller wrote it, safe to show: whole names are ours to choose and
// shorter than this.
std::string Shown(absl::string_view name) {
  constexpr std::size_t kMost = 80;
  return absl::StrCat(absl::CHexEscape(name.substr(0, kMost)),
                      name.size() > kMost ? "..." : "");
}

std::string Quoted(const ModelId& id) {
  return absl::StrCat("model \"", id.name, "\" version ", id.version);
}

// The newest version that is ready, and if none is, the newest.
const ModelEntry& NewestReady(
    const std::map<std::int64_t, ModelEntry>& versions) {
  for (const auto& [version, entry] : std::views::reverse(versions)) {
    if (entry.state == ModelState::kReady) return entry;
  }
  return versions.rbegin()->second;
}

absl::StatusOr<ModelEntry> FindLabelled(
    const std::map<std::int64_t, ModelEntry>& versions,
    absl::string_view label) {
  std::map<std::string, std::int64_t> known;
  for (const auto& [version, entry] : versions) {
    for (const std::string& own : entry.labels) {
      if (own == label) return entry;
      known.emplace(own, version);
    }
  }
  return Error(Reason::kModelNotFound,
               absl::StrCat("model \"", versions.begin()->second.id.name,
                            "\" has no version label \"", Shown(label),
                            "\"; it has: ", JoinKeys(known)));
}

}  // namespace

void ModelRegistry::SetLoading(const ModelId& id,
                               std::vector<std::string> labels) {
  MutexLock lock(mutex_);
  models_[id.name].insert_or_assign(
      id.version, ModelEntry{.id = id, .labels = std::move(labels)});
}

ModelEntry* ModelRegistry::FindKnown(const ModelId& id) {
  const auto versions = models_.find(id.name);
  if (versions == models_.end()) return nullptr;
  const auto entry = versions->second.find(id.version);
  return entry == versions->second.end() ? nullptr : &entry->second;
}

absl::StatusOr<ModelEntry*> ModelRegistry::FindLoading(const ModelId& id) {
  ModelEntry* const entry = FindKnown(id);
  if (entry != nullptr && entry->state == ModelState::kLoading) return entry;
  return Error(Reason::kInternalDefect,
               absl::StrCat(Quoted(id), " is not loading"));
}

absl::Status ModelRegistry::SetReady(std::shared_ptr<const Model> model) {
  MutexLock lock(mutex_);
  STRATA_ASSIGN_OR_RETURN(ModelEntry * entry, FindLoading(model->id));
  entry->state = ModelState::kReady;
  entry->digest = model->digest;
  entry->report = model->report;
  entry->model = std::move(model);
  return absl::OkStatus();
}

absl::Status ModelRegistry::SetRefused(const ModelId& id,
                                       const absl::Status& refusal,
                                       std::string digest, TraceReport report) {
  MutexLock lock(mutex_);
  STRATA_ASSIGN_OR_RETURN(ModelEntry * entry, FindLoading(id));
  entry->state = ModelState::kRefused;
  entry->refusal = refusal;
  entry->digest = std::move(digest);
  entry->report = std::move(report);
  return absl::OkStatus();
}

absl::Status ModelRegistry::SetDraining(const ModelId& id) {
  // Goes after the lock: it may be the last that holds the model.
  std::shared_ptr<const Model> model;
  MutexLock lock(mutex_);
  ModelEntry* const entry = FindKnown(id);
  if (entry == nullptr || entry->state != ModelState::kReady) {
    return Error(Reason::kInternalDefect,
                 absl::StrCat(Quoted(id), " is not ready"));
  }
  entry->state = ModelState::kDraining;
  model.swap(entry->model);
  return absl::OkStatus();
}

void ModelRegistry::Remove(const ModelId& id) {
  MutexLock lock(mutex_);
  const ModelEntry* const entry = FindKnown(id);
  if (entry == nullptr || (entry->state != ModelState::kDraining &&
                           entry->state != ModelState::kRefused)) {
    return;
  }
  const auto versions = models_.find(id.name);
  versions->second.erase(id.version);
  if (versions->second.empty()) models_.erase(versions);
}

void ModelRegistry::SetLabels(const ModelId& id,
                              std::vector<std::string> labels) {
  MutexLock lock(mutex_);
  ModelEntry* const entry = FindKnown(id);
  if (entry != nullptr) entry->labels = std::move(labels);
}

absl::StatusOr<const ModelRegistry::Versions*> ModelRegistry::FindVersions(
    absl::string_view name) const {
  if (!name.empty()) {
    const auto found = models_.find(name);
    if (found != models_.end()) return &found->second;
    return Error(Reason::kModelNotFound,
                 absl::StrCat("no model \"", Shown(name),
                              "\"; this server has: ", JoinKeys(models_)));
  }
  if (models_.size() == 1) return &models_.begin()->second;
  if (models_.empty()) {
    return Error(Reason::kModelNotFound, "this server has no models");
  }
  return FieldError(
      "model",
      absl::StrCat("empty, and this server has several; name one of: ",
                   JoinKeys(models_)),
      Reason::kModelAmbiguous);
}

absl::StatusOr<ModelEntry> ModelRegistry::FindEntry(
    absl::string_view name, std::int64_t version,
    absl::string_view label) const {
  if (version < 0) {
    return FieldError("version",
                      absl::StrCat("got ", version,
                                   ", expected a positive version, or 0 for "
                                   "the newest that is ready"));
  }
  if (version != 0 && !label.empty()) {
    return FieldError("version_label",
                      absl::StrCat("set together with version ", version,
                                   "; set one of them"));
  }
  STRATA_ASSIGN_OR_RETURN(const Versions* versions, FindVersions(name));
  if (!label.empty()) return FindLabelled(*versions, label);
  if (version == 0) return NewestReady(*versions);
  const auto found = versions->find(version);
  if (found == versions->end()) {
    return Error(Reason::kModelNotFound,
                 absl::StrCat("model \"", versions->begin()->second.id.name,
                              "\" has no version ", version,
                              "; it has: ", JoinKeys(*versions)));
  }
  return found->second;
}

absl::StatusOr<ModelEntry> ModelRegistry::Describe(
    absl::string_view name, std::int64_t version,
    absl::string_view label) const {
  MutexLock lock(mutex_);
  return FindEntry(name, version, label);
}

absl::StatusOr<std::shared_ptr<const Model>> ModelRegistry::Find(
    absl::string_view name, std::int64_t version,
    absl::string_view label) const {
  MutexLock lock(mutex_);
  STRATA_ASSIGN_OR_RETURN(ModelEntry entry, FindEntry(name, version, label));
  switch (entry.state) {
    case ModelState::kReady:
      return std::move(entry.model);
    case ModelState::kLoading:
      return Error(
          Reason::kModelNotReady,
          absl::StrCat(Quoted(entry.id), " is still loading; try again"));
    case ModelState::kDraining:
      return Error(
          Reason::kModelNotReady,
          absl::StrCat(Quoted(entry.id), " is being unloaded; try again"));
    case ModelState::kRefused:
      return Error(Reason::kModelRefused,
                   absl::StrCat(Quoted(entry.id),
                                " was refused when it was "
                                "loaded: ",
                                entry.refusal.message()));
  }
  return Error(Reason::kInternalDefect,
               absl::StrCat(Quoted(entry.id), " is in no known state"));
}

std::vector<ModelEntry> ModelRegistry::List() const {
  MutexLock lock(mutex_);
  std::vector<ModelEntry> entries;
  for (const auto& [name, versions] : models_) {
    for (const auto& [version, entry] : versions) entries.push_back(entry);
  }
  return entries;
}

}  // namespace strata
