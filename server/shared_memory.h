// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_SHARED_MEMORY_H_
#define STRATA_SERVER_SHARED_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <shared_mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/base/mutex.h"
#include "core/base/thread_pool.h"

namespace strata {

// A region of shared memory, as a client registers it.
struct SharedRegionSpec {
  std::string name;
  // Of the POSIX shared memory object, as shm_open takes it.
  std::string key;
  // Where in the object it begins, and how long it is, in bytes.
  std::int64_t offset = 0;
  std::int64_t byte_size = 0;

  friend bool operator==(const SharedRegionSpec&,
                         const SharedRegionSpec&) = default;
};

// An open region. Thread-safe.
//
// Bytes are copied by system calls and not through a mapping: whoever made the
// object can make it shorter at any time, and to touch a mapped page that is
// gone ends the process.
//
// Nothing is written after Close, which waits for what is being written: a
// client has its memory back then.
class SharedRegion {
 public:
  // Errors, naming the field of SystemSharedMemoryRegisterRequest:
  // INVALID_FIELD where there is no such object, or none that is as long.
  static absl::StatusOr<std::shared_ptr<SharedRegion>> Open(
      SharedRegionSpec spec);
  ~SharedRegion();
  SharedRegion(const SharedRegion&) = delete;
  SharedRegion& operator=(const SharedRegion&) = delete;

  [[nodiscard]] const SharedRegionSpec& spec() const { return spec_; }

  // Error, which does not name a field: INVALID_FIELD unless `size` bytes from
  // `offset` on lie within the region.
  [[nodiscard]] absl::Status Check(std::int64_t offset,
                                   std::int64_t size) const;

  // Copies bytes from `offset` on, which lie within it. Errors: INVALID_FIELD
  // where the object has become shorter, has no memory left to grow into, or,
  // for Write, the region was closed.
  absl::Status Read(std::int64_t offset, std::span<std::byte> into) const;
  absl::Status Write(std::int64_t offset, std::span<const std::byte> from);

  void Close();

 private:
  SharedRegion(SharedRegionSpec spec, int file)
      : spec_(std::move(spec)), file_(file) {}

  absl::Status Failed(absl::string_view what, int error) const;

  const SharedRegionSpec spec_;
  const int file_;
  // Held by all that write, and alone to close.
  std::shared_mutex writing_;
  bool closed_ = false;
};

// The regions that clients have registered. Each client, by its identity, has
// names of its own and sees no others; those who are nobody in particular share
// theirs. Thread-safe.
class SharedMemory {
 public:
  // Each holds a descriptor.
  static constexpr std::size_t kMostRegions = 256;
  static constexpr std::size_t kMostOfClient = 64;

  // `max_read_bytes`: what one request may have in shared memory.
  explicit SharedMemory(std::int64_t max_read_bytes)
      : max_read_bytes_(max_read_bytes), copiers_(kCopiers) {}

  [[nodiscard]] std::int64_t max_read_bytes() const { return max_read_bytes_; }

  // Threads that copy answers, so that nobody waits for a copy but its call.
  ThreadPool& copiers() { return copiers_; }

  // Registering the same again opens it anew. Errors: those of
  // SharedRegion::Open; INVALID_FIELD where the name stands for another;
  // SERVER_FULL where there are as many as there may be.
  absl::Status Register(const std::string& client, SharedRegionSpec spec)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Closes a region, for requests under way too. What is not registered is no
  // error, so that it can be asked again. An empty name: all of the client's.
  void Unregister(const std::string& client, const std::string& name)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Error: INVALID_FIELD where the client has none of that name.
  absl::StatusOr<std::shared_ptr<SharedRegion>> Find(
      const std::string& client, const std::string& name) const
      ABSL_LOCKS_EXCLUDED(mutex_);

  // All of the client's.
  std::vector<SharedRegionSpec> List(const std::string& client) const
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  static constexpr int kCopiers = 2;

  using Regions = std::map<std::string, std::shared_ptr<SharedRegion>>;

  // Registers; `before` is what had the name.
  absl::Status Put(const std::string& client, const std::string& name,
                   std::shared_ptr<SharedRegion> region,
                   std::shared_ptr<SharedRegion>& before)
      ABSL_LOCKS_EXCLUDED(mutex_);

  absl::Status CheckRoom(const Regions& own) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::int64_t max_read_bytes_;
  mutable Mutex mutex_;
  // By client, and by name.
  std::map<std::string, Regions> regions_ ABSL_GUARDED_BY(mutex_);
  ThreadPool copiers_;
};

// Error: NOT_ALLOWED where `memory` is nullptr, which is that the operator has
// allowed none.
absl::Status CheckAllowed(const SharedMemory* memory);

}  // namespace strata

#endif  // STRATA_SERVER_SHARED_MEMORY_H_
