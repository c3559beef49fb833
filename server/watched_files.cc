// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/watched_files.h"

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/read_file.h"
#include "core/base/status_macros.h"

namespace strata {
namespace {

absl::StatusOr<WatchedFiles::Contents> ReadAll(
    const std::vector<std::filesystem::path>& paths) {
  WatchedFiles::Contents contents;
  for (const std::filesystem::path& path : paths) {
    auto content = ReadFile(path);
    if (!content.ok()) {
      return absl::FailedPreconditionError(absl::StrCat(
          "\"", path.string(), "\": ", content.status().message()));
    }
    contents.push_back(*std::move(content));
  }
  return contents;
}

}  // namespace

absl::StatusOr<std::optional<WatchedFiles::Contents>> WatchedFiles::Poll() {
  const absl::Time now = clock_.Now();
  if (now < next_) return std::nullopt;
  next_ = now + interval_;
  auto contents = ReadAll(paths_);
  if (!contents.ok()) {
    if (contents.status() == error_) return std::nullopt;
    error_ = contents.status();
    return error_;
  }
  error_ = absl::OkStatus();
  if (*contents == seen_) return std::nullopt;
  seen_ = *contents;
  return *std::move(contents);
}

}  // namespace strata
