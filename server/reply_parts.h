// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_REPLY_PARTS_H_
#define STRATA_SERVER_REPLY_PARTS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/engine/call.h"
#include "server/answer_events.h"
#include "strata/v1/hidden_state_service.pb.h"

namespace strata {

// Numbers of the fields that EncodeChunksResponse and EncodeStreamResponse have
// in common.
struct EventFields {
  int input = 0;
  int encoding = 0;
  int part = 0;
  int done = 0;
  int answer = 0;
};

// An answer in parts, as serialized messages: EncodeStreamResponses, or
// EncodeChunksResponses, which have no id.
struct EventFormat {
  EventFields fields;
  std::string request_id;
  // Most bytes of a part.
  std::int64_t part_bytes = std::int64_t{1} << 20;
};

EventFormat ChunksFormat(std::int64_t part_bytes);
EventFormat StreamFormat(std::string request_id, std::int64_t part_bytes);

// The events of one input, one after the other: its encoding, then the parts of
// its tensors, one at least for each. Nothing is serialized before its turn.
//
//   InputEvents events(0, std::move(result), outputs);
//   while (!events.done()) Send(events.Next(format));
class InputEvents {
 public:
  using Outputs = AnswerEvents::Outputs;

  InputEvents(int input, EncodedInput result, Outputs specs);

  // Whether all have been given.
  [[nodiscard]] bool done() const {
    return head_given_ && output_ == result_.outputs.size();
  }
  // The next; not after the last.
  Event Next(const EventFormat& format);

 private:
  Event NextPart(const EventFormat& format);
  v1::Encoding Head();

  const int input_;
  EncodedInput result_;
  const Outputs specs_;
  bool head_given_ = false;
  // The next part's.
  std::size_t output_ = 0;
  std::size_t offset_ = 0;
};

// The last event of a request.
Event DoneEvent(const EventFormat& format,
                const absl::StatusOr<EncodeReply>& reply);

// The events of a request: those of its inputs, in the order in which they are
// computed, and its `done`.
class PartsEvents final : public AnswerEvents {
 public:
  explicit PartsEvents(EventFormat format) : format_(std::move(format)) {}

  absl::Status StatusOf(
      const absl::StatusOr<EncodeReply>& reply) const override {
    return reply.status();
  }
  void OnInput(int input, EncodedInput result, const Outputs& outputs) override;
  void Finish(const absl::StatusOr<EncodeReply>& reply) override;
  void Drop() override { inputs_.clear(); }
  bool HasNext() const override {
    return !inputs_.empty() || done_.has_value();
  }
  Event Next(bool& last) override;

 private:
  const EventFormat format_;
  std::deque<InputEvents> inputs_;
  std::optional<Event> done_;
};

}  // namespace strata

#endif  // STRATA_SERVER_REPLY_PARTS_H_
