// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CPP_STREAM_H_
#define STRATA_CLIENT_CPP_STREAM_H_

#include <cstdint>
#include <functional>
#include <optional>

#include "absl/status/statusor.h"
#include "strata/v1/hidden_state_service.pb.h"

namespace strata {

// The answer to one request of a stream.
struct StreamAnswer {
  // Which request it is, from 0 in the order in which they were given.
  std::int64_t index = 0;
  // What Encode would have answered, or what failed for this request alone.
  absl::StatusOr<v1::EncodeResponse> response;
};

// Gives the next request of a stream; nullopt: there are no more.
using RequestSource = std::function<std::optional<v1::EncodeRequest>()>;
// Takes an answer of a stream.
using AnswerSink = std::function<void(StreamAnswer)>;

}  // namespace strata

#endif  // STRATA_CLIENT_CPP_STREAM_H_
