// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_OUTPUT_DIRECTORY_H_
#define STRATA_SERVER_OUTPUT_DIRECTORY_H_

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "core/base/thread_pool.h"

namespace strata {

// The folder that callers may have files written into, and the threads that
// write them: disks are slow, and devices do not wait for them. Thread-safe.
class OutputDirectory {
 public:
  // nullptr where `root` is empty: no files are written. Error:
  // FAILED_PRECONDITION unless it is a folder that may be written to.
  static absl::StatusOr<std::unique_ptr<OutputDirectory>> Open(
      std::filesystem::path root);

  // Where the file that a request calls `name` lies; see
  // EncodeToFileRequest.file. Pure. Error: INVALID_FIELD, naming "file".
  absl::StatusOr<std::filesystem::path> PathOf(const std::string& name) const;

  ThreadPool& writers() { return writers_; }

 private:
  // One that waits for its disk leaves another to work.
  static constexpr int kWriters = 2;

  explicit OutputDirectory(std::filesystem::path root)
      : root_(std::move(root)), writers_(kWriters) {}

  const std::filesystem::path root_;
  ThreadPool writers_;
};

}  // namespace strata

#endif  // STRATA_SERVER_OUTPUT_DIRECTORY_H_
