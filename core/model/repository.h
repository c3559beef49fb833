// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_REPOSITORY_H_
#define STRATA_CORE_MODEL_REPOSITORY_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/model/model.h"
#include "core/model/version_policy.h"

namespace strata {

// A version's folder, `<repository>/<name>/<version>/`.
struct ModelDirectory {
  ModelId id;
  std::filesystem::path path;
  // That name this version in requests, in order.
  std::vector<std::string> labels;
};

// Something in the repository that its owner may have meant otherwise.
struct RepositoryRemark {
  std::filesystem::path path;
  // What is the matter and what becomes of it, one sentence.
  std::string text;
};

// What a repository holds.
struct RepositoryScan {
  // To be served, by name and then version.
  std::vector<ModelDirectory> directories;
  std::vector<RepositoryRemark> remarks;
};

// Lists the model directories of a repository. A version's folder is a positive
// decimal integer without leading zeros; a model's name holds letters, digits,
// '.', '_' and '-' and does not begin with a '.'. All else in the repository is
// ignored, with a remark where it looks like a model or a version. Of each
// model `versions`, all or the newest, are served unless its own strata.json
// says otherwise (see VersionPolicy). Errors: NOT_FOUND where the repository is
// not a readable folder.
absl::StatusOr<RepositoryScan> ScanRepository(
    const std::filesystem::path& repository,
    ServedVersions versions = ServedVersions::kAll);

// The folder of one version of one model, whether the scan would serve it or
// not; `version` 0: the newest there is. Error: MODEL_NOT_FOUND, naming what
// the repository holds.
absl::StatusOr<ModelDirectory> FindModelDirectory(
    const std::filesystem::path& repository, absl::string_view name,
    std::int64_t version);

}  // namespace strata

#endif  // STRATA_CORE_MODEL_REPOSITORY_H_
