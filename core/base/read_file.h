// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_BASE_READ_FILE_H_
#define STRATA_CORE_BASE_READ_FILE_H_

#include <filesystem>
#include <string>

#include "absl/status/statusor.h"

namespace strata {

// Whether anything is at `path`, if only a link to nothing: a file that was
// meant to be there must not be passed over as if it were not.
bool IsThere(const std::filesystem::path& path);

// The contents of a regular file, or of one that a link leads to. Error:
// INVALID_FIELD, which does not name the file, for anything else: a folder, a
// pipe (which would be waited for), a link to nothing.
absl::StatusOr<std::string> ReadFile(const std::filesystem::path& path);

}  // namespace strata

#endif  // STRATA_CORE_BASE_READ_FILE_H_
