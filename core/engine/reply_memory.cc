// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/engine/reply_memory.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/budget.h"
#include "core/base/error.h"
#include "core/base/host_tensor.h"
#include "core/base/mutex.h"
#include "core/base/observer.h"

namespace strata {
namespace {

// Bytes of memory, by what keeps it alive.
using Memory = std::map<const void*, std::int64_t>;

Memory MemoryOf(const std::vector<HostTensor>& outputs) {
  Memory memory;
  for (const HostTensor& output : outputs) {
    if (output.owner != nullptr) {
      memory.emplace(output.owner.get(), output.owner_bytes);
    }
  }
  return memory;
}

// Copies `outputs` into one memory of their own.
void CopyOut(std::vector<HostTensor>& outputs) {
  std::size_t size = 0;
  for (const HostTensor& output : outputs) size += output.bytes();
  // std::array has no size that is known later.
  // NOLINTNEXTLINE(modernize-avoid-c-arrays)
  const auto own = std::make_shared_for_overwrite<std::byte[]>(size);
  std::byte* next = own.get();
  for (HostTensor& output : outputs) {
    if (output.owner == nullptr) continue;
    std::byte* const begin = next;
    for (const auto block : output.blocks) {
      next = std::ranges::copy(block, next).out;
    }
    output.blocks = {std::span<const std::byte>(begin, next)};
    output.owner = own;
    output.owner_bytes = static_cast<std::int64_t>(size);
  }
}

}  // namespace

class ReplyMemory::Ledger {
 public:
  Ledger(const ReplyMemoryLimits& limits, Observer& observer)
      : max_leased_bytes_(limits.max_leased_bytes),
        observer_(&observer),
        budget_(limits.max_bytes, limits.max_client_share) {}

  // Tells the observer nothing from now on.
  void Forget() ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(mutex_);
    observer_ = nullptr;
  }

  std::optional<Budget::Full> Take(std::int64_t bytes,
                                   const std::string& client)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(mutex_);
    const auto full = budget_.Check(bytes, client);
    if (full.has_value()) return full;
    budget_.Take(bytes, client);
    Tell();
    return std::nullopt;
  }

  // Whether `memory` may be held where it is. Counted once, whoever shares it.
  bool Lease(const Memory& memory) ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(mutex_);
    std::int64_t more = 0;
    for (const auto& [owner, bytes] : memory) {
      if (!leases_.contains(owner)) more += bytes;
    }
    if (more > 0 && leased_bytes_ > 0 &&
        leased_bytes_ + more > max_leased_bytes_) {
      if (observer_ != nullptr) observer_->OnSpill();
      return false;
    }
    for (const auto& [owner, bytes] : memory) {
      leases_.try_emplace(owner, Held{.bytes = bytes}).first->second.users++;
    }
    leased_bytes_ += more;
    Tell();
    return true;
  }

  // Gives back what was taken, and what was leased.
  void Give(std::int64_t bytes, const std::string& client, const Memory& leased)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(mutex_);
    budget_.Give(bytes, client);
    for (const auto& [owner, size] : leased) {
      const auto lease = leases_.find(owner);
      if (--lease->second.users > 0) continue;
      leased_bytes_ -= size;
      leases_.erase(lease);
    }
    Tell();
  }

 private:
  struct Held {
    std::int64_t bytes = 0;
    int users = 0;
  };

  void Tell() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (observer_ == nullptr) return;
    observer_->OnReplyMemory(budget_.held(), leased_bytes_);
  }

  const std::int64_t max_leased_bytes_;

  Mutex mutex_;
  Observer* observer_ ABSL_GUARDED_BY(mutex_);
  Budget budget_ ABSL_GUARDED_BY(mutex_);
  std::map<const void*, Held> leases_ ABSL_GUARDED_BY(mutex_);
  std::int64_t leased_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

class ReplyMemory::Room {
 public:
  Room(std::shared_ptr<Ledger> ledger, std::int64_t bytes, std::string client)
      : ledger_(std::move(ledger)), bytes_(bytes), client_(std::move(client)) {}
  // While it still keeps the memory alive: another batch's would be taken for
  // it where it came to lie in the same place.
  ~Room() { ledger_->Give(bytes_, client_, leased_); }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

 private:
  friend class ReplyMemory;

  const std::shared_ptr<Ledger> ledger_;
  const std::int64_t bytes_;
  const std::string client_;
  // Of the input's tensors, and what of it is leased.
  std::vector<std::shared_ptr<const void>> owners_;
  Memory leased_;
};

ReplyMemory::ReplyMemory(const ReplyMemoryLimits& limits,
                         std::function<absl::Duration()> retry_after,
                         Observer& observer)
    : retry_after_(std::move(retry_after)),
      ledger_(std::make_shared<Ledger>(limits, observer)) {}

ReplyMemory::~ReplyMemory() { ledger_->Forget(); }

auto ReplyMemory::Reserve(const std::vector<std::int64_t>& bytes,
                          const std::string& client)
    -> absl::StatusOr<std::vector<std::shared_ptr<Room>>> {
  const auto all = std::accumulate(bytes.begin(), bytes.end(), std::int64_t{0});
  if (const auto full = ledger_->Take(all, client); full.has_value()) {
    return FullError(
        absl::StrCat("answers", full->of_client ? " to this client" : "",
                     " of ", full->held,
                     " bytes are not sent yet and this one would hold ", all,
                     "; at most ", full->most,
                     " may be; read the answers that have come, or ask for "
                     "less"),
        retry_after_());
  }
  std::vector<std::shared_ptr<Room>> rooms;
  rooms.reserve(bytes.size());
  for (const std::int64_t part : bytes) {
    rooms.push_back(std::make_shared<Room>(ledger_, part, client));
  }
  return rooms;
}

void ReplyMemory::Keep(const std::shared_ptr<Room>& room,
                       std::vector<HostTensor>& outputs) {
  Memory memory = MemoryOf(outputs);
  if (memory.empty()) return;
  if (ledger_->Lease(memory)) {
    room->leased_ = std::move(memory);
  } else {
    CopyOut(outputs);
  }
  for (HostTensor& output : outputs) {
    if (output.owner == nullptr) continue;
    room->owners_.push_back(std::exchange(output.owner, room));
  }
}

}  // namespace strata
