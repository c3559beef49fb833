// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "strata/stream_call.h"

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "strata/reassembly.h"
#include "strata/status.h"
#include "strata/stream.h"
#include "strata/v1/hidden_state_service.grpc.pb.h"
#include "strata/v1/hidden_state_service.pb.h"

namespace strata {
namespace {

using Stream =
    grpc::ClientReaderWriter<v1::EncodeStreamRequest, v1::EncodeStreamResponse>;

// The requests that have been sent and are not answered yet. Thread-safe.
class Pending {
 public:
  void Add(std::int64_t index, int inputs) {
    const std::lock_guard lock(mutex_);
    answers_.emplace(index, inputs);
  }

  void SetExhausted() {
    const std::lock_guard lock(mutex_);
    exhausted_ = true;
  }

  // The answer that an event completes; nullopt: none.
  std::optional<StreamAnswer> Take(v1::EncodeStreamResponse& event) {
    std::int64_t index = 0;
    if (!absl::SimpleAtoi(event.request_id(), &index)) return std::nullopt;
    const std::lock_guard lock(mutex_);
    const auto found = answers_.find(index);
    // It may have failed before.
    if (found == answers_.end()) return std::nullopt;
    const absl::Status status = found->second.Add(event);
    if (status.ok() && !found->second.done()) return std::nullopt;
    auto response = status.ok() ? found->second.Take()
                                : absl::StatusOr<v1::EncodeResponse>(status);
    answers_.erase(found);
    return StreamAnswer{.index = index, .response = std::move(response)};
  }

  // Whether there are no more requests, and each has had its answer.
  [[nodiscard]] bool all_done() {
    const std::lock_guard lock(mutex_);
    return exhausted_ && answers_.empty();
  }

 private:
  std::mutex mutex_;
  std::map<std::int64_t, Reassembly> answers_;
  bool exhausted_ = false;
};

// Until there are no more, or the call has ended.
void SendAll(Stream& stream, const RequestSource& next, Pending& pending) {
  v1::EncodeStreamRequest message;
  for (std::int64_t index = 0;; ++index) {
    std::optional<v1::EncodeRequest> request = next();
    if (!request.has_value()) break;
    pending.Add(index, request->inputs_size());
    message.set_request_id(std::to_string(index));
    *message.mutable_request() = *std::move(request);
    if (!stream.Write(message)) return;
  }
  pending.SetExhausted();
  stream.WritesDone();
}

}  // namespace

absl::Status CallEncodeStream(v1::HiddenStateService::Stub& stub,
                              grpc::ClientContext& context,
                              const RequestSource& next,
                              const AnswerSink& on_answer) {
  Pending pending;
  const auto stream = stub.EncodeStream(&context);
  {
    const std::jthread sender([&] { SendAll(*stream, next, pending); });
    v1::EncodeStreamResponse event;
    while (stream->Read(&event)) {
      if (auto answer = pending.Take(event)) on_answer(*std::move(answer));
    }
  }
  absl::Status status = StatusFromGrpc(stream->Finish());
  // A server that stops need not have seen that this was all.
  if (pending.all_done()) return absl::OkStatus();
  if (!status.ok()) return status;
  return absl::InternalError(
      "the server ended the stream before every request was answered");
}

}  // namespace strata
