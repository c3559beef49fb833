// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_STREAM_LIMITS_H_
#define STRATA_SERVER_STREAM_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace strata {

// Bytes of what a client calls a request: every answer to it repeats it.
constexpr std::size_t kLongestRequestId = 256;

// How much one call whose answers come in parts may hold.
struct StreamLimits {
  // Requests of a stream that are not done. Higher keeps the device busier with
  // one stream, lower leaves more to others.
  int max_requests = 256;
  // Bytes of the tensors that are computed, or about to be, and not sent. What
  // would pass it waits before it costs compute; one answer that is larger goes
  // alone. Batches share their memory, so that a little of a batch may hold
  // all of it for as long.
  std::int64_t max_buffer_bytes = std::int64_t{256} << 20;
  // Bytes of a part. Clients take messages of 4 MiB unless told otherwise.
  std::int64_t part_bytes = std::int64_t{1} << 20;
};

}  // namespace strata

#endif  // STRATA_SERVER_STREAM_LIMITS_H_
