// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_WATCHED_FILES_H_
#define STRATA_SERVER_WATCHED_FILES_H_

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/clock.h"

namespace strata {

// Small files that are read again when they have changed: tokens and
// certificates. They are read when they are needed and at most once in an
// interval, so that no thread wakes up for them, and the first call after a
// change sees it. Contents are compared, not times of change, which mounted
// secrets do not tell. Not thread-safe.
class WatchedFiles {
 public:
  using Contents = std::vector<std::string>;

  // `clock` outlives this.
  WatchedFiles(std::vector<std::filesystem::path> paths,
               absl::Duration interval, const Clock& clock)
      : paths_(std::move(paths)), interval_(interval), clock_(clock) {}

  // What the files hold, in the order of the paths, where that is not what the
  // last call that returned contents did; nullopt where it is, or where they
  // were read less than the interval ago. Error: a file cannot be read; the
  // same error is returned once.
  absl::StatusOr<std::optional<Contents>> Poll();

 private:
  const std::vector<std::filesystem::path> paths_;
  const absl::Duration interval_;
  const Clock& clock_;

  absl::Time next_ = absl::InfinitePast();
  Contents seen_;
  absl::Status error_;
};

}  // namespace strata

#endif  // STRATA_SERVER_WATCHED_FILES_H_
