// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/repository.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/error.h"

namespace strata {
namespace {

namespace fs = std::filesystem;

bool IsModelName(absl::string_view name) {
  return !name.empty() && name.front() != '.' &&
         std::ranges::all_of(name, [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
         });
}

std::optional<std::int64_t> ParseVersion(absl::string_view name) {
  std::int64_t version = 0;
  if (!std::ranges::all_of(name, absl::ascii_isdigit) ||
      absl::StartsWith(name, "0") || !absl::SimpleAtoi(name, &version)) {
    return std::nullopt;
  }
  return version;
}

// The folders in `parent`; none where it cannot be read.
std::vector<fs::path> Folders(const fs::path& parent) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (fs::directory_iterator it(parent, error), end; !error && it != end;
       it.increment(error)) {
    std::error_code ignored;
    if (it->is_directory(ignored)) folders.push_back(it->path());
  }
  return folders;
}

}  // namespace

absl::StatusOr<std::vector<ModelDirectory>> ScanRepository(
    const fs::path& repository) {
  std::error_code error;
  const fs::directory_iterator readable(repository, error);
  if (error) {
    return Error(Reason::kModelNotFound,
                 absl::StrCat("cannot read the repository \"",
                              repository.string(), "\": ", error.message(),
                              "; expected a folder with "
                              "<model>/<version>/model.pt inside"));
  }
  std::vector<ModelDirectory> directories;
  for (const fs::path& model : Folders(repository)) {
    const std::string name = model.filename().string();
    if (!IsModelName(name)) continue;
    for (const fs::path& path : Folders(model)) {
      const auto version = ParseVersion(path.filename().string());
      if (version.has_value()) {
        directories.push_back({.id = {name, *version}, .path = path});
      }
    }
  }
  std::ranges::sort(directories, {}, &ModelDirectory::id);
  return directories;
}

}  // namespace strata
