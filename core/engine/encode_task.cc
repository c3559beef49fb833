// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/engine/encode_task.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/base/mutex.h"
#include "core/base/observer.h"
#include "core/base/status_macros.h"
#include "core/batch/queue.h"
#include "core/batch/request.h"
#include "core/engine/call.h"
#include "core/engine/cut.h"
#include "core/engine/guarded.h"
#include "core/engine/pieces.h"
#include "core/engine/reply_memory.h"
#include "core/engine/reply_sink.h"
#include "core/engine/resolve.h"
#include "core/engine/tokenize_text.h"
#include "core/model/model.h"
#include "core/tokenize/tokenizer.h"

namespace strata {
namespace {

// A selection costs some microseconds whatever its size. Without a bound a
// request of many tiny ones would hold the device for minutes.
constexpr std::int64_t kMaxSelections = std::int64_t{1} << 17;

// Whether an error is about the call and not about the input that met it.
bool IsAboutCall(const absl::Status& status) {
  return status.code() == absl::StatusCode::kCancelled ||
         status.code() == absl::StatusCode::kDeadlineExceeded ||
         status.code() == absl::StatusCode::kUnavailable;
}

}  // namespace

EncodeTask::EncodeTask(Context context, EncodeCall call, Resolved resolved,
                       Done done)
    : context_(context),
      call_(std::move(call)),
      resolved_(std::move(resolved)),
      done_(std::move(done)),
      pending_(static_cast<int>(call_.inputs.size())),
      sequences_(call_.inputs.size()),
      results_(call_.inputs.size()) {}

void EncodeTask::Start() {
  // Cancelling may drop the last reference to this task, and with it the
  // callback: nothing of either is used after `self` has gone.
  on_stop_.emplace(call_.stop, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Cancel();
  });
  const auto self = shared_from_this();
  for (int input = 0; input < std::ssize(call_.inputs); ++input) {
    if (std::holds_alternative<TextInput>(call_.inputs[input])) {
      context_.tokenizers.Submit([self, input] { self->Prepare(input); });
    } else {
      Prepare(input);
    }
  }
}

void EncodeTask::Cancel() {
  context_.queue.Cancel(resolved_.id);
  context_.observer.OnQueueDepth(context_.queue.size());
}

absl::Status EncodeTask::CheckAlive() const {
  if (call_.stop.stop_requested()) {
    return Error(Reason::kCallerCancelled, "the caller cancelled");
  }
  if (call_.deadline <= context_.clock.Now()) {
    return Error(Reason::kDeadlinePassed, "the deadline passed before compute");
  }
  return absl::OkStatus();
}

void EncodeTask::Prepare(int input) {
  absl::Status status = CheckAlive();
  if (status.ok()) {
    EncodeInput& content = call_.inputs[input];
    status = Guarded([&] {
      return std::holds_alternative<TextInput>(content)
                 ? PrepareText(std::get<TextInput>(content), input)
                 : PreparePieces(std::move(std::get<PieceInput>(content)),
                                 input);
    });
  }
  if (status.ok()) {
    sequences_[input].outputs = resolved_.outputs;
    sequences_[input].layers =
        LayersWanted(*resolved_.outputs, resolved_.model->report.depth());
    status = CheckSequence(sequences_[input], input, *resolved_.model);
    results_[input].piece_count = sequences_[input].pieces();
  }
  if (!status.ok()) Fail(input, std::move(status));
  if (pending_.fetch_sub(1) == 1) OnPrepared();
}

absl::Status EncodeTask::PrepareText(const TextInput& text, int input) {
  const Model& model = *resolved_.model;
  STRATA_ASSIGN_OR_RETURN(
      const TokenizedText tokenized,
      TokenizeText(text, model, call_.add_special_pieces,
                   PieceLimit{.max_pieces = resolved_.max_pieces,
                              .truncation = call_.truncation},
                   input));
  STRATA_ASSIGN_OR_RETURN(sequences_[input],
                          SequenceOf(text, tokenized.tokens, input, model));
  EncodedInput& result = results_[input];
  if (call_.return_pieces) {
    result.pieces = PiecesOf(tokenized.tokens, *model.tokenizer);
  }
  result.truncated_pieces = tokenized.truncated_pieces;
  result.timings.tokenize = context_.clock.Now() - resolved_.arrival;
  return absl::OkStatus();
}

absl::Status EncodeTask::PreparePieces(PieceInput pieces, int input) {
  STRATA_RETURN_IF_ERROR(CheckPieces(pieces, input, *resolved_.model));
  const int count = static_cast<int>(pieces.ids.size());
  STRATA_ASSIGN_OR_RETURN(const PieceCounts left,
                          ChooseLengths({.text = count}, resolved_.max_pieces,
                                        call_.truncation, input));
  const Cut cut = PlaceCut(count, left.text, call_.truncation);
  STRATA_ASSIGN_OR_RETURN(sequences_[input],
                          SequenceOf(std::move(pieces), cut, input));
  EncodedInput& result = results_[input];
  if (call_.return_pieces) {
    Tokens tokens{.ids = sequences_[input].ids};
    tokens.ranges.resize(tokens.ids.size());
    tokens.origins.resize(tokens.ids.size());
    result.pieces = PiecesOf(tokens, *resolved_.model->tokenizer);
  }
  result.truncated_pieces = cut.pieces();
  return absl::OkStatus();
}

std::int64_t EncodeTask::BytesFor(const Sequence& sequence) const {
  constexpr std::int64_t kNumberBytes = sizeof(std::int64_t);
  return OutputBytes(sequence, resolved_.model->report.widths()) +
         (kNumberBytes * call_.numbers_per_piece * sequence.pieces());
}

std::int64_t EncodeTask::ReplyBytes() const {
  std::int64_t bytes = 0;
  for (const Sequence& sequence : sequences_) bytes += BytesFor(sequence);
  return bytes;
}

std::int64_t EncodeTask::MessageBytes() const {
  if (!call_.padded) return ReplyBytes();
  std::int64_t longest = 0;
  for (const Sequence& sequence : sequences_) {
    longest = std::max(longest, BytesFor(sequence));
  }
  return longest * std::ssize(sequences_);
}

absl::Status EncodeTask::CheckReply() const {
  std::int64_t selections = 0;
  for (const Sequence& sequence : sequences_) {
    selections += OutputSelections(sequence);
  }
  if (selections > kMaxSelections) {
    return FieldError(
        "outputs",
        absl::StrCat("ask for ", selections,
                     " selections (layers, spans and "
                     "positions of all outputs and inputs), at most ",
                     kMaxSelections,
                     " are allowed; ask for fewer, or send "
                     "several requests"));
  }
  const std::int64_t bytes = MessageBytes();
  if (bytes <= context_.max_reply_bytes) return absl::OkStatus();
  const char* hint = "";
  if (call_.padded) {
    hint =
        ", or send inputs of like lengths together: zeros fill up the others";
  } else if (call_.sink == nullptr) {
    hint = ", or use EncodeChunks";
  }
  return Error(
      Reason::kReplyTooLarge,
      absl::StrCat("the answer would hold ", bytes,
                   " bytes of tensors, at most ", context_.max_reply_bytes,
                   " are allowed; ask for fewer layers, a pooling, FLOAT16 or "
                   "fewer inputs",
                   hint));
}

void EncodeTask::OnPrepared() {
  absl::Status status = failure();
  if (status.ok()) status = CheckReply();
  if (!status.ok()) {
    Fail(0, std::move(status));
    Finish();
  } else if (call_.sink != nullptr) {
    call_.sink->AwaitRoom(ReplyBytes(),
                          [self = shared_from_this()] { self->Enqueue(); });
  } else {
    Enqueue();
  }
}

absl::Status EncodeTask::Reserve() {
  std::vector<std::int64_t> bytes;
  bytes.reserve(sequences_.size());
  for (std::size_t input = 0; input < sequences_.size(); ++input) {
    bytes.push_back(BytesFor(sequences_[input]) +
                    BytesOf(results_[input].pieces));
  }
  bytes[0] += ReplyMemory::kAnswerBytes;
  STRATA_ASSIGN_OR_RETURN(rooms_,
                          context_.reply_memory.Reserve(bytes, call_.client));
  return absl::OkStatus();
}

void EncodeTask::Enqueue() {
  absl::Status status = CheckAlive();
  if (status.ok()) status = Reserve();
  if (status.ok()) {
    const int count = static_cast<int>(sequences_.size());
    pending_ = count;
    std::vector<Queue<Model>::Item> items(count);
    for (int input = 0; input < count; ++input) {
      items[input] = {.call = resolved_.id,
                      .lane = resolved_.model,
                      .sequence = std::move(sequences_[input]),
                      .deadline = call_.deadline,
                      .stop = call_.stop,
                      .priority = call_.priority,
                      .client = call_.client,
                      .done = [self = shared_from_this(),
                               input](absl::StatusOr<Computed> computed) {
                        self->OnComputed(input, std::move(computed));
                      }};
    }
    status = context_.queue.Push(items);
  }
  if (!status.ok()) {
    Fail(0, std::move(status));
    Finish();
    return;
  }
  context_.observer.OnQueueDepth(context_.queue.size());
  // The caller may have gone before there was anything to take out.
  if (call_.stop.stop_requested()) Cancel();
}

void EncodeTask::OnComputed(int input, absl::StatusOr<Computed> computed) {
  EncodedInput& result = results_[input];
  if (computed.ok()) {
    result.outputs = std::move(computed->outputs);
    context_.reply_memory.Keep(std::move(rooms_[input]), result.outputs);
    result.batch = computed->batch;
    result.timings.queue = computed->queue;
    result.timings.compute = computed->compute;
  } else if (IsAboutCall(computed.status())) {
    Fail(input, computed.status());
  } else {
    result.status = computed.status();
    NoteFailedInput(result.status);
  }
  result.timings.total = context_.clock.Now() - resolved_.arrival;
  if (call_.sink != nullptr && !IsAboutCall(computed.status())) {
    // Its timings stay behind, for the call's.
    call_.sink->OnInput(input, std::move(result), resolved_.outputs);
  }
  if (pending_.fetch_sub(1) == 1) Finish();
}

void EncodeTask::Finish() {
  rooms_.clear();
  EncodeReply reply = MakeReply();
  absl::Status status = failure();
  context_.observer.OnRequestDone(resolved_.model->id.name, status,
                                  static_cast<int>(reply.inputs.size()),
                                  reply.timings);
  // Before the answer: its caller may send the next request at once.
  resolved_.permit.reset();
  if (!status.ok()) {
    std::move(done_)(std::move(status));
  } else {
    std::move(done_)(std::move(reply));
  }
}

EncodeReply EncodeTask::MakeReply() {
  StageTimings longest{.total = context_.clock.Now() - resolved_.arrival};
  for (const EncodedInput& input : results_) {
    longest.tokenize = std::max(longest.tokenize, input.timings.tokenize);
    longest.queue = std::max(longest.queue, input.timings.queue);
    longest.compute = std::max(longest.compute, input.timings.compute);
  }
  MutexLock lock(mutex_);
  return {.model = resolved_.model,
          .outputs = resolved_.outputs,
          .inputs = std::move(results_),
          .failed_inputs = failed_inputs_,
          .input_failure = input_failure_,
          .timings = longest};
}

void EncodeTask::NoteFailedInput(const absl::Status& status) {
  MutexLock lock(mutex_);
  if (failed_inputs_++ == 0) input_failure_ = status;
}

void EncodeTask::Fail(int input, absl::Status status) {
  MutexLock lock(mutex_);
  if (!failure_.ok() && failed_input_ <= input) return;
  failure_ = std::move(status);
  failed_input_ = input;
}

absl::Status EncodeTask::failure() const {
  MutexLock lock(mutex_);
  return failure_;
}

}  // namespace strata
