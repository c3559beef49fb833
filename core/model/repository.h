// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_REPOSITORY_H_
#define STRATA_CORE_MODEL_REPOSITORY_H_

#include <filesystem>
#include <vector>

#include "absl/status/statusor.h"
#include "core/model/model.h"

namespace strata {

// A version's folder, `<repository>/<name>/<version>/`.
struct ModelDirectory {
  ModelId id;
  std::filesystem::path path;
};

// Lists the model directories of a repository, by name and then version. A
// version's folder is a positive decimal integer without leading zeros; a
// model's name holds letters, digits, '.', '_' and '-' and does not begin with
// a '.'. All else in the repository is ignored. Errors: NOT_FOUND where the
// repository is not a readable folder.
absl::StatusOr<std::vector<ModelDirectory>> ScanRepository(
    const std::filesystem::path& repository);

}  // namespace strata

#endif  // STRATA_CORE_MODEL_REPOSITORY_H_
