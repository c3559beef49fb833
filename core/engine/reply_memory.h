// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_ENGINE_REPLY_MEMORY_H_
#define STRATA_CORE_ENGINE_REPLY_MEMORY_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/host_tensor.h"
#include "core/base/observer.h"

namespace strata {

// How much memory answers may hold.
struct ReplyMemoryLimits {
  // Bytes of answers that are computed, or about to be, and not sent.
  std::int64_t max_bytes = std::int64_t{4} << 30;
  // The part of it that one client who is known may have, from 0 to 1.
  double max_client_share = 1;
  // Bytes of the memory of batches that such answers may hold.
  std::int64_t max_leased_bytes = std::int64_t{1} << 30;
};

// The third bound of the engine: the memory of answers, from before they are
// computed until the network has let go of the last of them. Who does not read
// its answers holds them for as long as it likes, long after the engine is done
// with the request.
//
// An answer has room for its own bytes before it costs compute. What it then
// holds is more: all of the memory of the batch that it was computed in, which
// on a CUDA device is pinned. That is leased to it while max_leased_bytes last.
// Beyond them an answer is spilled: copied into ordinary memory of its own, so
// that the batch's is free. All together hold max_bytes, max_leased_bytes and
// one batch at most.
//
//   auto rooms = memory.Reserve({bytes}, client);  // Before compute.
//   memory.Keep(std::move((*rooms)[0]), outputs);  // After it.
//
// Thread-safe. Rooms may outlive it, as the network outlives the engine.
class ReplyMemory {
 public:
  // Room for one input's part of an answer; given back when its last user is
  // gone.
  class Room;

  // What the process holds of an answer besides its tensors, pieces and texts:
  // the call, its headers and its buffers. For users to count in.
  static constexpr std::int64_t kAnswerBytes = std::int64_t{16} << 10;

  // `retry_after` says when who finds no room should try again; it is called
  // under no lock. What it needs, and `observer`, outlive the ReplyMemory.
  ReplyMemory(const ReplyMemoryLimits& limits,
              std::function<absl::Duration()> retry_after, Observer& observer);
  ~ReplyMemory();
  ReplyMemory(const ReplyMemory&) = delete;
  ReplyMemory& operator=(const ReplyMemory&) = delete;

  // Room for the inputs of an answer that have so many bytes each, or for none.
  // `client`: who asks; empty: it is not known. Error: SERVER_FULL. What is
  // larger than a bound has room where nothing else is held within it.
  absl::StatusOr<std::vector<std::shared_ptr<Room>>> Reserve(
      const std::vector<std::int64_t>& bytes, const std::string& client);

  // Ties what was computed of an input to its room: both are held by the owner
  // of each of `outputs` from now on.
  void Keep(const std::shared_ptr<Room>& room,
            std::vector<HostTensor>& outputs);

 private:
  // What is held, shared with the rooms.
  class Ledger;

  const std::function<absl::Duration()> retry_after_;
  const std::shared_ptr<Ledger> ledger_;
};

}  // namespace strata

#endif  // STRATA_CORE_ENGINE_REPLY_MEMORY_H_
