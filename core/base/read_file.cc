// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/base/read_file.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ios>
#include <string>
#include <system_error>

#include "absl/status/statusor.h"
#include "core/base/error.h"

namespace strata {

bool IsThere(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(
      std::filesystem::symlink_status(path, ignored));
}

absl::StatusOr<std::string> ReadFile(const std::filesystem::path& path) {
  std::error_code error;
  // Before it is opened: opening a pipe waits for its writer, for ever.
  if (!std::filesystem::is_regular_file(path, error)) {
    return Error(Reason::kInvalidField, "it cannot be read as a file");
  }
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (error || !file.good()) {
    return Error(Reason::kInvalidField,
                 "it cannot be opened; check its permissions");
  }
  std::string contents(size, '\0');
  file.read(contents.data(), static_cast<std::streamsize>(size));
  if (!file.good()) return Error(Reason::kInvalidField, "reading it failed");
  return contents;
}

}  // namespace strata
