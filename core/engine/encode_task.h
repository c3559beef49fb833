// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_ENGINE_ENCODE_TASK_H_
#define STRATA_CORE_ENGINE_ENCODE_TASK_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/base/observer.h"
#include "core/base/thread_pool.h"
#include "core/batch/queue.h"
#include "core/batch/request.h"
#include "core/engine/admission.h"
#include "core/engine/call.h"
#include "core/engine/reply_memory.h"
#include "core/model/model.h"

namespace strata {

// An EncodeCall on its way: tokenize each text -> wait for room, if it has a
// sink -> reserve memory for the answer -> queue all sequences -> collect what
// is computed -> answer. Every step is called on whatever thread the one before
// ended on; the last of the parallel parts goes on with the next step. Kept
// alive by the callbacks that it hands out.
class EncodeTask : public std::enable_shared_from_this<EncodeTask> {
 public:
  // Parts of the engine that tasks use; they outlive every task.
  struct Context {
    // Those of a call that has a sink, or of one that has none.
    std::int64_t max_reply_bytes = 0;
    const Clock& clock;
    Observer& observer;
    ReplyMemory& reply_memory;
    Queue<Model>& queue;
    ThreadPool& tokenizers;
  };

  // What has been decided about a call before it starts.
  struct Resolved {
    std::uint64_t id = 0;
    std::shared_ptr<const Model> model;
    std::shared_ptr<const std::vector<OutputSpec>> outputs;
    int max_pieces = 0;
    absl::Time arrival;
    std::unique_ptr<Admission::Permit> permit;
  };

  using Done = absl::AnyInvocable<void(absl::StatusOr<EncodeReply>)>;

  EncodeTask(Context context, EncodeCall call, Resolved resolved, Done done);

  // Begins; returns before the end unless there is nothing to wait for.
  void Start();

 private:
  // A step of one input; the last of them calls the next step.
  void Prepare(int input);
  absl::Status PrepareText(const TextInput& text, int input);
  absl::Status PreparePieces(PieceInput pieces, int input);
  absl::Status CheckAlive() const;
  // The last input is prepared: checks what all of them come to.
  void OnPrepared();
  // Waits for a device, if there is room for the answer.
  void Enqueue();
  absl::Status Reserve();
  // Takes what waits of this call out of the queue.
  void Cancel();
  // Bytes of what the answer has of an input, of all of them, and with the
  // zeros of a padded answer.
  std::int64_t BytesFor(const Sequence& sequence) const;
  std::int64_t ReplyBytes() const;
  std::int64_t MessageBytes() const;
  // What the answer may cost: selections on the device, and bytes.
  absl::Status CheckReply() const;
  void OnComputed(int input, absl::StatusOr<Computed> computed);
  void Finish();

  // Makes the whole call fail; of several failures that of the first input is
  // told, so that the answer does not depend on the threads' order.
  void Fail(int input, absl::Status status) ABSL_LOCKS_EXCLUDED(mutex_);
  void NoteFailedInput(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status failure() const ABSL_LOCKS_EXCLUDED(mutex_);
  EncodeReply MakeReply();

  const Context context_;
  EncodeCall call_;
  Resolved resolved_;
  Done done_;

  // Inputs that the present step has yet to see; whoever brings it to 0 owns
  // all members.
  std::atomic<int> pending_;
  // Each element is written by one thread at a time.
  std::vector<Sequence> sequences_;
  std::vector<EncodedInput> results_;
  // Until the input has been computed, or the call is done.
  std::vector<std::shared_ptr<ReplyMemory::Room>> rooms_;

  mutable Mutex mutex_;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  int failed_input_ ABSL_GUARDED_BY(mutex_) = 0;
  // Of inputs that failed by themselves: how many, and why the first did.
  int failed_inputs_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status input_failure_ ABSL_GUARDED_BY(mutex_);

  // Takes what waits out of the queue when the caller goes away.
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;
};

}  // namespace strata

#endif  // STRATA_CORE_ENGINE_ENCODE_TASK_H_
