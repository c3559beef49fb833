// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/answer_stream.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/mutex.h"
#include "core/engine/call.h"
#include "server/answer_events.h"
#include "server/request_trace.h"
#include "server/status.h"

namespace strata {
namespace {

// Requests of a stream that are being tokenized or wait for room. Enough to
// keep the tokenizer threads busy; few, since each holds one of the server's
// max_requests while a reader that does not read keeps it waiting.
constexpr int kMaxStarting = 16;

void Run(std::vector<absl::AnyInvocable<void()>> steps) {
  for (auto& step : steps) step();
}

}  // namespace

std::shared_ptr<AnswerStream::Request> AnswerStream::Begin(
    std::unique_ptr<AnswerEvents> events, std::unique_ptr<RequestTrace> trace,
    std::string id) {
  MutexLock lock(mutex_);
  if (reads_ended_ || cancelled_) return nullptr;
  auto request = std::make_shared<Request>(
      shared_from_this(), std::move(events), std::move(trace), std::move(id));
  requests_.insert(request);
  ++starting_;
  return request;
}

bool AnswerStream::InUse(const std::string& id) const {
  MutexLock lock(mutex_);
  // The client may use an id again when it reads 'done', which is before the
  // write ends here.
  const Request* const ending = sending_.has_value() && sending_->last
                                    ? sending_->request.get()
                                    : nullptr;
  return std::ranges::any_of(requests_, [&](const auto& request) {
    return request->id_ == id && request.get() != ending;
  });
}

void AnswerStream::ReadNext() {
  std::vector<Go> granted;
  {
    MutexLock lock(mutex_);
    wants_read_ = true;
    granted = Proceed();
  }
  Run(std::move(granted));
}

void AnswerStream::OnHalfClose() {
  std::vector<Go> granted;
  {
    MutexLock lock(mutex_);
    reads_ended_ = true;
    // All was read, even if the server has begun to stop meanwhile.
    end_ = absl::OkStatus();
    granted = Proceed();
  }
  Run(std::move(granted));
}

void AnswerStream::Quiet() {
  MutexLock lock(mutex_);
  quiet_ = true;
}

void AnswerStream::StopReading(const absl::Status& status) {
  std::vector<Go> granted;
  {
    MutexLock lock(mutex_);
    if (!reads_ended_) end_ = status;
    reads_ended_ = true;
    granted = Proceed();
  }
  Run(std::move(granted));
}

void AnswerStream::OnWriteDone(bool ok) {
  if (!ok) {
    Cancel(/*write_ended=*/true);
    return;
  }
  std::vector<Go> granted;
  {
    MutexLock lock(mutex_);
    const Sending sent =
        std::exchange(sending_, std::nullopt).value_or(Sending());
    const std::shared_ptr<Request>& request = sent.request;
    Release(*request, sent.event.tensor_bytes);
    if (sent.last) Remove(request);
    // Those that had to wait meanwhile come first.
    request->ready_ = false;
    if (request->events_->HasNext()) MarkReady(request);
    granted = Proceed();
  }
  Run(std::move(granted));
}

void AnswerStream::OnCancel() { Cancel(/*write_ended=*/false); }

void AnswerStream::Cancel(bool write_ended) {
  std::vector<Go> granted;
  // Destroyed under no lock.
  std::set<std::shared_ptr<Request>> dropped;
  {
    MutexLock lock(mutex_);
    cancelled_ = true;
    if (write_ended) sending_.reset();
    ready_.clear();
    dropped.swap(requests_);
    for (const auto& request : dropped) request->events_->Drop();
    granted = Proceed();
  }
  // Before those that waited go on: each sees that its caller has gone.
  stop_.request_stop();
  Run(std::move(granted));
}

auto AnswerStream::Proceed() -> std::vector<Go> {
  std::vector<Go> granted = Grant();
  Write();
  Read();
  End();
  return granted;
}

auto AnswerStream::Grant() -> std::vector<Go> {
  std::vector<Go> granted;
  while (!waiting_.empty()) {
    Waiting& first = waiting_.front();
    const bool room = held_bytes_ == 0 ||
                      held_bytes_ + first.bytes <= limits_.max_buffer_bytes;
    if (!room && !cancelled_) break;
    first.request->held_bytes_ = first.bytes;
    held_bytes_ += first.bytes;
    MarkStarted(*first.request);
    granted.push_back(std::move(first.go));
    waiting_.pop_front();
  }
  return granted;
}

void AnswerStream::Write() {
  if (sending_.has_value() || ready_.empty() || cancelled_) return;
  sending_.emplace(Sending{.request = std::move(ready_.front()), .event = {}});
  ready_.pop_front();
  sending_->event = sending_->request->events_->Next(sending_->last);
  wire_.Write(&sending_->event.message);
}

void AnswerStream::Read() {
  if (!wants_read_ || quiet_ || reads_ended_ || cancelled_) return;
  if (std::ssize(requests_) >= limits_.max_requests ||
      starting_ >= kMaxStarting || !waiting_.empty() ||
      held_bytes_ >= limits_.max_buffer_bytes) {
    return;
  }
  wants_read_ = false;
  wire_.Read();
}

void AnswerStream::End() {
  if (ended_ || sending_.has_value()) return;
  if (!cancelled_ && !(reads_ended_ && requests_.empty())) return;
  ended_ = true;
  wire_.End(cancelled_ ? absl::CancelledError() : end_);
}

void AnswerStream::MarkReady(const std::shared_ptr<Request>& request) {
  if (request->ready_) return;
  request->ready_ = true;
  ready_.push_back(request);
}

void AnswerStream::MarkStarted(Request& request) {
  if (request.started_) return;
  request.started_ = true;
  --starting_;
}

void AnswerStream::Release(Request& request, std::int64_t bytes) {
  bytes = std::min(bytes, request.held_bytes_);
  request.held_bytes_ -= bytes;
  held_bytes_ -= bytes;
}

void AnswerStream::Remove(const std::shared_ptr<Request>& request) {
  Release(*request, request->held_bytes_);
  if (request->ready_) std::erase(ready_, request);
  requests_.erase(request);
}

void AnswerStream::Request::AwaitRoom(std::int64_t bytes, Go go) {
  std::vector<Go> granted;
  {
    MutexLock lock(stream_->mutex_);
    stream_->waiting_.push_back(
        {.request = shared_from_this(), .bytes = bytes, .go = std::move(go)});
    granted = stream_->Proceed();
  }
  Run(std::move(granted));
}

void AnswerStream::Request::OnInput(int input, EncodedInput result,
                                    const AnswerEvents::Outputs& outputs) {
  std::vector<Go> granted;
  {
    MutexLock lock(stream_->mutex_);
    if (stream_->cancelled_) return;
    events_->OnInput(input, std::move(result), outputs);
    if (events_->HasNext()) stream_->MarkReady(shared_from_this());
    granted = stream_->Proceed();
  }
  Run(std::move(granted));
}

void AnswerStream::Request::Finish(const absl::StatusOr<EncodeReply>& reply) {
  if (trace_ != nullptr) {
    if (reply.ok()) trace_->Computed(*reply);
    trace_->Answered(events_->StatusOf(reply));
  }
  std::vector<Go> granted;
  {
    MutexLock lock(stream_->mutex_);
    if (stream_->cancelled_) return;
    const auto self = shared_from_this();
    stream_->MarkStarted(*this);
    // What has been computed of a request that failed is no answer.
    if (!reply.ok()) events_->Drop();
    if (!reply.ok() && stream_->failures_ == Failures::kEndCall) {
      stream_->end_ = reply.status();
      stream_->Remove(self);
    } else {
      events_->Finish(reply);
      stream_->MarkReady(self);
    }
    granted = stream_->Proceed();
  }
  Run(std::move(granted));
}

}  // namespace strata
