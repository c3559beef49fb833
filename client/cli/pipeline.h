// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_PIPELINE_H_
#define STRATA_CLIENT_CLI_PIPELINE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/cli/batch_answer.h"
#include "client/cli/line_reader.h"
#include "client/cli/line_source.h"
#include "core/base/mutex.h"

namespace strata::cli {

// Answers the texts of a source, several batches at once, and gives the answers
// in the order of the texts. Threads of its own take the batches; no more are
// under way or wait to be taken than there are threads, which bounds memory.
//
// One thread takes the answers.
//
//   Pipeline pipeline(source, answer, 8);
//   while (auto batch = pipeline.Take()) Write(*batch);
//   return pipeline.source_status();
class Pipeline {
 public:
  // Called on several threads at once.
  using AnswerFunction = std::function<BatchAnswer(const std::vector<Line>&)>;

  struct Batch {
    // At least one.
    std::vector<Line> lines;
    BatchAnswer answer;
  };

  // `source` must outlive it; `threads` is at least 1.
  Pipeline(LineSource& source, AnswerFunction answer, std::size_t threads);
  // Stops the source and waits for the calls under way: end them before.
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // Waits until Take would not, for `longest` at most; whether it would not.
  bool WaitFor(absl::Duration longest) ABSL_LOCKS_EXCLUDED(mutex_);

  // The next batch; nullopt: there are no more.
  std::optional<Batch> Take() ABSL_LOCKS_EXCLUDED(mutex_);

  // Once Take has given nullopt: whether the source ended well.
  absl::Status source_status() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Work() ABSL_LOCKS_EXCLUDED(mutex_);
  // Waits until one more batch may be under way; false: none may any more.
  bool Begin() ABSL_LOCKS_EXCLUDED(mutex_);
  void Finish(Batch batch) ABSL_LOCKS_EXCLUDED(mutex_);
  void EndWork(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  bool ready() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  LineSource& source_;
  const AnswerFunction answer_;
  const std::size_t most_held_;

  mutable Mutex mutex_;
  CondVar changed_;
  // By the index of their first text.
  std::map<std::int64_t, Batch> answered_ ABSL_GUARDED_BY(mutex_);
  // Of the text that is to be taken next.
  std::int64_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  // Batches that are under way or answered, and not taken.
  std::size_t held_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t working_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status source_status_ ABSL_GUARDED_BY(mutex_);

  // Last, to end first.
  std::vector<std::jthread> threads_;
};

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_PIPELINE_H_
