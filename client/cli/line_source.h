// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_LINE_SOURCE_H_
#define STRATA_CLIENT_CLI_LINE_SOURCE_H_

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/byte_source.h"
#include "client/cli/line_reader.h"
// Only a header: the command line links nothing of core/.
#include "core/base/mutex.h"

namespace strata::cli {

// Hands out texts in batches while a thread of its own reads on, no further
// ahead than one batch and a read. Thread-safe.
//
//   LineSource source(std::move(bytes), 32);
//   for (;;) {
//     const auto lines = source.Take();
//     if (!lines.ok()) return lines.status();
//     if (lines->empty()) break;
//   }
class LineSource {
 public:
  // The lines of `bytes`, at most `batch` of them at once (at least 1).
  LineSource(std::unique_ptr<ByteSource> bytes, std::size_t batch);
  // Texts that are all there.
  LineSource(std::vector<std::string> texts, std::size_t batch);
  ~LineSource();
  LineSource(const LineSource&) = delete;
  LineSource& operator=(const LineSource&) = delete;

  // The next texts. Of a source whose size is known a full batch, so that the
  // requests of a file are always the same ones; of others, as a pipe, what is
  // there, waiting only where nothing is. Texts of more than 16 MiB together
  // are taken apart, one at least. Empty: there are no more, or Stop was
  // called.
  //
  // Error: LineReader's, after the lines before it; again for each further
  // call.
  absl::StatusOr<std::vector<Line>> Take() ABSL_LOCKS_EXCLUDED(mutex_);

  // Before the first Take: whether there is more than one text. Waits until
  // that is known; false also after Stop.
  bool HasSeveral() ABSL_LOCKS_EXCLUDED(mutex_);

  // Ends waits and reading; what was not taken is dropped. Idempotent.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void ReadAll() ABSL_LOCKS_EXCLUDED(mutex_);
  // Waits until there is room for more lines; false: they are not wanted.
  bool AwaitRoom() ABSL_LOCKS_EXCLUDED(mutex_);
  void Append(std::vector<Line> lines) ABSL_LOCKS_EXCLUDED(mutex_);
  bool full() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::unique_ptr<ByteSource> bytes_;
  const std::size_t batch_;
  const bool waits_for_full_;

  Mutex mutex_;
  CondVar changed_;
  std::deque<Line> lines_ ABSL_GUARDED_BY(mutex_);
  // Of the texts of `lines_` together.
  std::size_t text_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  // Nothing is added any more, for this reason where it is an error.
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);

  // Last, to end first. Not there where there is nothing to read.
  std::jthread reader_;
};

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_LINE_SOURCE_H_
