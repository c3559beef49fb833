// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_ANSWER_STREAM_H_
#define STRATA_SERVER_ANSWER_STREAM_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/base/mutex.h"
#include "core/batch/request.h"
#include "core/engine/call.h"
#include "core/engine/reply_sink.h"
#include "grpcpp/support/byte_buffer.h"
#include "server/answer_events.h"
#include "server/request_trace.h"
#include "server/stream_limits.h"

namespace strata {

// A call whose answers come in parts, but for gRPC: what is sent when, when to
// read, and when to end.
//
//   begun -> (waits for room) -> waits for the device -> events -> done sent
//
// Sends one message at a time, of the requests that have some in turn. Reads
// one request after the other, and stops while too many are under way, or one
// waits for room. Ends when nothing more is read and every request is done.
//
// Thread-safe. Held by shared_ptr, by the call and by its requests, which may
// outlive the call. Calls `Wire` under its lock: gRPC never calls back from
// within.
class AnswerStream : public std::enable_shared_from_this<AnswerStream> {
 public:
  // What gRPC does for it. Not used after End.
  class Wire {
   public:
    // Reads a message; followed by ReadNext or OnHalfClose.
    virtual void Read() = 0;
    // Sends `message`, which stays until OnWriteDone.
    virtual void Write(const grpc::ByteBuffer* message) = 0;
    virtual void End(const absl::Status& status) = 0;

   protected:
    ~Wire() = default;
  };

  // One request's way back.
  class Request;

  // Whether a request that fails says so in `done` or ends the call.
  enum class Failures { kInDone, kEndCall };

  AnswerStream(StreamLimits limits, Failures failures, Wire& wire)
      : limits_(limits), failures_(failures), wire_(wire) {}

  // Requested when the call is cancelled.
  std::stop_token stop_token() const { return stop_.get_token(); }

  // Takes up a request; nullptr where no more are taken, and it is to be
  // dropped. `events` are what is sent of it. `trace`, told how the request
  // ends, goes with it; nullptr: nobody is told. `id`: for InUse. Of one thread
  // at a time.
  std::shared_ptr<Request> Begin(std::unique_ptr<AnswerEvents> events,
                                 std::unique_ptr<RequestTrace> trace = nullptr,
                                 std::string id = "")
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Whether a request with this id is not done: no `done` is on its way.
  bool InUse(const std::string& id) const ABSL_LOCKS_EXCLUDED(mutex_);

  // What has been read is taken up: reads on when there is room.
  void ReadNext() ABSL_LOCKS_EXCLUDED(mutex_);
  // The caller sends no more: ends with OK.
  void OnHalfClose() ABSL_LOCKS_EXCLUDED(mutex_);
  // Reads no more, so that HTTP/2 stops the caller, and stays open until
  // StopReading. What is being read is still taken up.
  void Quiet() ABSL_LOCKS_EXCLUDED(mutex_);
  // Takes no more requests, and ends with `status` unless it ends already.
  void StopReading(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  // A write ended; not `ok`: nobody is there to read.
  void OnWriteDone(bool ok) ABSL_LOCKS_EXCLUDED(mutex_);
  // Drops everything and ends. What waits leaves the queue.
  void OnCancel() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using Go = absl::AnyInvocable<void()>;

  // A request that may not go on yet.
  struct Waiting {
    std::shared_ptr<Request> request;
    std::int64_t bytes = 0;
    Go go;
  };
  // The message that is being sent.
  struct Sending {
    std::shared_ptr<Request> request;
    Event event;
    bool last = false;
  };

  // After any change: the next write and read, or the end. Returns what has
  // got room, to be run under no lock.
  std::vector<Go> Proceed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<Go> Grant() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Write() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Read() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void End() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Has something to be sent.
  void MarkReady(const std::shared_ptr<Request>& request)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void MarkStarted(Request& request) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Release(Request& request, std::int64_t bytes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Remove(const std::shared_ptr<Request>& request)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Cancel(bool write_ended) ABSL_LOCKS_EXCLUDED(mutex_);

  const StreamLimits limits_;
  const Failures failures_;
  Wire& wire_;
  std::stop_source stop_;

  mutable Mutex mutex_;
  // Not done.
  std::set<std::shared_ptr<Request>> requests_ ABSL_GUARDED_BY(mutex_);
  // Of them: neither given room nor failed; in the order in which they take
  // turns at sending; in which they get room.
  int starting_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<std::shared_ptr<Request>> ready_ ABSL_GUARDED_BY(mutex_);
  std::deque<Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
  // Bytes of those that have been given room.
  std::int64_t held_bytes_ ABSL_GUARDED_BY(mutex_) = 0;

  std::optional<Sending> sending_ ABSL_GUARDED_BY(mutex_);
  bool wants_read_ ABSL_GUARDED_BY(mutex_) = false;
  bool quiet_ ABSL_GUARDED_BY(mutex_) = false;
  bool reads_ended_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status end_ ABSL_GUARDED_BY(mutex_);
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

// Takes what becomes of a request, from any thread. Finish is called once,
// last.
class AnswerStream::Request final
    : public ReplySink,
      public std::enable_shared_from_this<AnswerStream::Request> {
 public:
  Request(std::shared_ptr<AnswerStream> stream,
          std::unique_ptr<AnswerEvents> events,
          std::unique_ptr<RequestTrace> trace, std::string id)
      : stream_(std::move(stream)),
        id_(std::move(id)),
        trace_(std::move(trace)),
        events_(std::move(events)) {}

  void AwaitRoom(std::int64_t bytes, Go go) override
      ABSL_LOCKS_EXCLUDED(stream_->mutex_);
  void OnInput(int input, EncodedInput result,
               const AnswerEvents::Outputs& outputs) override
      ABSL_LOCKS_EXCLUDED(stream_->mutex_);
  void Finish(const absl::StatusOr<EncodeReply>& reply)
      ABSL_LOCKS_EXCLUDED(stream_->mutex_);

 private:
  friend class AnswerStream;

  const std::shared_ptr<AnswerStream> stream_;
  const std::string id_;
  // Used by Finish alone.
  const std::unique_ptr<RequestTrace> trace_;
  // All below are guarded by the stream's lock; but AnswerEvents::StatusOf,
  // which changes nothing.
  const std::unique_ptr<AnswerEvents> events_;
  // Bytes of room that it holds.
  std::int64_t held_bytes_ = 0;
  bool started_ = false;
  // Awaits its turn, or has it.
  bool ready_ = false;
};

}  // namespace strata

#endif  // STRATA_SERVER_ANSWER_STREAM_H_
