// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_FILE_ANSWER_H_
#define STRATA_SERVER_FILE_ANSWER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/mutex.h"
#include "core/base/thread_pool.h"
#include "core/batch/request.h"
#include "core/engine/call.h"
#include "core/engine/reply_sink.h"
#include "server/safetensors_file.h"

namespace strata {

// What a file is made of, as its request says.
struct FileForm {
  // Names of the outputs, all different.
  std::vector<std::string> outputs;
  // Whether it has the pieces.
  bool pieces = false;
  // Room for its header.
  std::size_t header_room = 0;
};

// Reads how a call's outputs are named in a file. Pure. Errors: INVALID_FIELD
// where two have one name or different types, or a name is none for a file;
// REPLY_TOO_LARGE where the header would be.
absl::StatusOr<FileForm> FileFormOf(const EncodeCall& call);

// Takes the answer to a call, input by input, and writes it into a file, on the
// threads of a pool and never on the engine's. What waits to be written holds
// its room in the engine's memory of answers, which bounds it.
//
// The first thing that goes wrong, the caller's going away included, is the end
// of it: the call is stopped, nothing more is written, and it is told at once
// but where the file is just being committed.
//
// Thread-safe; held by shared_ptr.
class FileAnswer final : public ReplySink,
                         public std::enable_shared_from_this<FileAnswer> {
 public:
  // Told the file's size. Errors: what went wrong, with no file; those of
  // SafetensorsFile::Commit.
  using Done = absl::AnyInvocable<void(absl::StatusOr<std::int64_t> bytes)>;

  // The file begins when something has been computed. `inputs`: how many there
  // are. `pool` outlives it.
  FileAnswer(std::filesystem::path path, FileForm form, std::size_t inputs,
             ThreadPool& pool)
      : path_(std::move(path)),
        form_(std::move(form)),
        pool_(pool),
        ids_(inputs) {}

  // The call's own, to be stopped by: requested when `caller` is, or when the
  // file cannot be written. Called once, before all else.
  std::stop_token StopWith(const std::stop_token& caller);

  void AwaitRoom(std::int64_t bytes, absl::AnyInvocable<void()> go) override;
  void OnInput(int input, EncodedInput result,
               const std::shared_ptr<const std::vector<OutputSpec>>& outputs)
      override ABSL_LOCKS_EXCLUDED(mutex_);

  // After the last input. `status`: how the engine ended; `metadata` of the
  // file.
  void Finish(const absl::Status& status, SafetensorsMetadata metadata,
              Done done) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Fail(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status failure() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Runs `step` on a thread of the pool, after those before it.
  void Submit(absl::AnyInvocable<void()> step) ABSL_LOCKS_EXCLUDED(mutex_);
  void RunStep() ABSL_LOCKS_EXCLUDED(mutex_);

  void Write(int input, const EncodedInput& result);
  void Commit(const SafetensorsMetadata& metadata);
  absl::Status WriteOutputs(int input, const EncodedInput& result);
  absl::Status WritePieces();

  const std::filesystem::path path_;
  const FileForm form_;
  ThreadPool& pool_;
  std::stop_source stop_;
  std::optional<std::stop_callback<std::function<void()>>> on_caller_;

  mutable Mutex mutex_;
  // The first there was.
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  // Empty: Finish is to come, or it was told, or is about to be.
  Done done_ ABSL_GUARDED_BY(mutex_);
  std::deque<absl::AnyInvocable<void()>> steps_ ABSL_GUARDED_BY(mutex_);
  bool running_ ABSL_GUARDED_BY(mutex_) = false;

  // Of the steps alone, which run one after the other. nullptr: it has not
  // begun, or was given up.
  std::unique_ptr<SafetensorsFile> file_;
  std::vector<std::vector<std::int64_t>> ids_;
};

}  // namespace strata

#endif  // STRATA_SERVER_FILE_ANSWER_H_
