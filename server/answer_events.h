// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_ANSWER_EVENTS_H_
#define STRATA_SERVER_ANSWER_EVENTS_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/batch/request.h"
#include "core/engine/call.h"
#include "grpcpp/support/byte_buffer.h"

namespace strata {

// A message that is ready to be sent.
struct Event {
  grpc::ByteBuffer message;
  // How many of its bytes are a tensor's; they are not copied.
  std::int64_t tensor_bytes = 0;
};

// What is sent of one request on an AnswerStream, in the messages of its
// protocol. Thread-compatible.
class AnswerEvents {
 public:
  using Outputs = std::shared_ptr<const std::vector<OutputSpec>>;

  virtual ~AnswerEvents() = default;

  // How a request with this answer ends, for logs and traces.
  [[nodiscard]] virtual absl::Status StatusOf(
      const absl::StatusOr<EncodeReply>& reply) const = 0;

  // An input has been computed, or failed for itself alone.
  virtual void OnInput(int input, EncodedInput result,
                       const Outputs& outputs) = 0;
  // All have, or the request failed. `reply` without what OnInput was given.
  virtual void Finish(const absl::StatusOr<EncodeReply>& reply) = 0;
  // What has not been sent is not sent any more.
  virtual void Drop() = 0;

  // Whether something can be sent.
  [[nodiscard]] virtual bool HasNext() const = 0;
  // The next event; sets `last` where nothing follows it.
  virtual Event Next(bool& last) = 0;
};

}  // namespace strata

#endif  // STRATA_SERVER_ANSWER_EVENTS_H_
