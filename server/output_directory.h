// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_OUTPUT_DIRECTORY_H_
#define STRATA_SERVER_OUTPUT_DIRECTORY_H_

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/thread_pool.h"

namespace strata {

// The folder that callers may have files written into, and the threads that
// write them: disks are slow, and devices do not wait for them. Thread-safe.
class OutputDirectory {
 public:
  // nullptr where `root` is empty: no files are written. Error:
  // FAILED_PRECONDITION unless it is a folder that may be written to.
  // `max_bytes`: of the requests that wait for a look.
  static absl::StatusOr<std::unique_ptr<OutputDirectory>> Open(
      std::filesystem::path root, std::int64_t max_bytes);

  // Where the file that a request calls `name` lies; see
  // EncodeToFileRequest.file. Pure. Error: INVALID_FIELD, naming "file".
  absl::StatusOr<std::filesystem::path> PathOf(const std::string& name) const;

  // Runs `look`, which looks at the folder for a request of `bytes` bytes, on a
  // writer's thread. Error: SERVER_FULL where so much waits for that already:
  // the disk is slow, or hangs.
  absl::Status Look(std::int64_t bytes, absl::AnyInvocable<void()> look);

  ThreadPool& writers() { return writers_; }

 private:
  // One that waits for its disk leaves another to work.
  static constexpr int kWriters = 2;

  OutputDirectory(std::filesystem::path root, std::int64_t max_bytes)
      : root_(std::move(root)), max_bytes_(max_bytes), writers_(kWriters) {}

  const std::filesystem::path root_;
  const std::int64_t max_bytes_;
  std::atomic<std::int64_t> bytes_ = 0;
  ThreadPool writers_;
};

}  // namespace strata

#endif  // STRATA_SERVER_OUTPUT_DIRECTORY_H_
