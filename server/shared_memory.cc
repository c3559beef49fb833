// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/base/mutex.h"
#include "core/base/status_macros.h"
#include "server/write_at.h"

namespace strata {
namespace {

constexpr std::size_t kLongestName = 256;

absl::Status CheckSpec(const SharedRegionSpec& spec) {
  if (spec.name.empty() || spec.name.size() > kLongestName) {
    return FieldError(
        "name", absl::StrCat("has ", spec.name.size(), " bytes, expected 1 to ",
                             kLongestName));
  }
  if (spec.key.empty() || spec.key.find('\0') != std::string::npos) {
    return FieldError("key",
                      "expected the name of a POSIX shared memory object, as "
                      "/states");
  }
  if (spec.offset < 0) {
    return FieldError("offset", "is out of range");
  }
  if (spec.byte_size < 1) {
    return FieldError("byte_size", "expected at least 1");
  }
  return absl::OkStatus();
}

std::string Message(int error) {
  return std::generic_category().message(error);
}

// The size of the object, whose region must lie within it.
absl::Status CheckFits(const SharedRegionSpec& spec, int file) {
  struct stat status = {};
  if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
    return FieldError("key", "is no object of shared memory");
  }
  if (spec.offset <= status.st_size &&
      spec.byte_size <= status.st_size - spec.offset) {
    return absl::OkStatus();
  }
  return FieldError(
      "byte_size",
      absl::StrCat("got ", spec.byte_size, " from ", spec.offset,
                   " on, but the object has ", status.st_size, " bytes"));
}

}  // namespace

absl::StatusOr<std::shared_ptr<SharedRegion>> SharedRegion::Open(
    SharedRegionSpec spec) {
  STRATA_RETURN_IF_ERROR(CheckSpec(spec));
  const int file = shm_open(spec.key.c_str(), O_RDWR, 0);
  if (file < 0 && (errno == EMFILE || errno == ENFILE)) {
    return FullError("the server has no file descriptor left for a region",
                     absl::Seconds(1));
  }
  if (file < 0) {
    return FieldError(
        "key", absl::StrCat("cannot be opened (", Message(errno),
                            "); it must be an object of shared memory on the "
                            "server's machine that its user may write to"));
  }
  // Not make_shared: the constructor is private.
  std::shared_ptr<SharedRegion> region(new SharedRegion(std::move(spec), file));
  STRATA_RETURN_IF_ERROR(CheckFits(region->spec(), file));
  return region;
}

SharedRegion::~SharedRegion() { close(file_); }

absl::Status SharedRegion::Check(std::int64_t offset, std::int64_t size) const {
  if (offset >= 0 && size >= 0 && offset <= spec_.byte_size &&
      size <= spec_.byte_size - offset) {
    return absl::OkStatus();
  }
  return Error(
      Reason::kInvalidField,
      absl::StrCat("got ", size, " bytes from ", offset, " on in the region '",
                   spec_.name, "', which has ", spec_.byte_size));
}

absl::Status SharedRegion::Failed(absl::string_view what, int error) const {
  return Error(
      Reason::kInvalidField,
      absl::StrCat(
          "the region '", spec_.name, "' cannot be ", what, ": ",
          error == 0 ? "its object has become shorter" : Message(error)));
}

absl::Status SharedRegion::Read(std::int64_t offset,
                                std::span<std::byte> into) const {
  while (!into.empty()) {
    const ssize_t count =
        pread(file_, into.data(), into.size(), spec_.offset + offset);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Failed("read", count < 0 ? errno : 0);
    offset += count;
    into = into.subspan(count);
  }
  return absl::OkStatus();
}

absl::Status SharedRegion::Write(std::int64_t offset,
                                 std::span<const std::byte> from) {
  const std::shared_lock lock(writing_);
  if (closed_) {
    return Error(Reason::kInvalidField,
                 absl::StrCat("the region '", spec_.name,
                              "' was unregistered meanwhile"));
  }
  const int error = WriteAt(file_, spec_.offset + offset, from);
  return error == 0 ? absl::OkStatus() : Failed("written to", error);
}

void SharedRegion::Close() {
  const std::unique_lock lock(writing_);
  closed_ = true;
}

absl::Status SharedMemory::CheckRoom(const Regions& own) const {
  std::size_t all = 0;
  for (const auto& [client, regions] : regions_) all += regions.size();
  if (own.size() < kMostOfClient && all < kMostRegions) {
    return absl::OkStatus();
  }
  return FullError(
      absl::StrCat("there are ", own.size(), " regions of this client and ",
                   all, " of all, at most ", kMostOfClient, " and ",
                   kMostRegions, " may be; unregister what is not used"),
      absl::Seconds(1));
}

absl::Status SharedMemory::Register(const std::string& client,
                                    SharedRegionSpec spec) {
  STRATA_ASSIGN_OR_RETURN(auto region, SharedRegion::Open(std::move(spec)));
  const std::string name = region->spec().name;
  std::shared_ptr<SharedRegion> before;
  const absl::Status status = Put(client, name, std::move(region), before);
  // Not under the lock: it may wait for a copy.
  if (before != nullptr) before->Close();
  return status;
}

absl::Status SharedMemory::Put(const std::string& client,
                               const std::string& name,
                               std::shared_ptr<SharedRegion> region,
                               std::shared_ptr<SharedRegion>& before) {
  const MutexLock lock(mutex_);
  const auto own = regions_.try_emplace(client).first;
  const auto found = own->second.find(name);
  absl::Status status;
  if (found == own->second.end()) {
    status = CheckRoom(own->second);
  } else if (found->second->spec() != region->spec()) {
    status =
        FieldError("name", absl::StrCat("'", name,
                                        "' is registered as another region; "
                                        "unregister it first"));
  }
  if (status.ok()) {
    before = std::exchange(own->second[name], std::move(region));
  }
  if (own->second.empty()) regions_.erase(own);
  return status;
}

void SharedMemory::Unregister(const std::string& client,
                              const std::string& name) {
  Regions gone;
  {
    const MutexLock lock(mutex_);
    const auto own = regions_.find(client);
    if (own == regions_.end()) return;
    if (name.empty()) {
      gone.swap(own->second);
    } else if (auto region = own->second.extract(name); !region.empty()) {
      gone.insert(std::move(region));
    }
    if (own->second.empty()) regions_.erase(own);
  }
  for (const auto& [key, region] : gone) region->Close();
}

absl::StatusOr<std::shared_ptr<SharedRegion>> SharedMemory::Find(
    const std::string& client, const std::string& name) const {
  const MutexLock lock(mutex_);
  if (const auto own = regions_.find(client); own != regions_.end()) {
    const auto found = own->second.find(name);
    if (found != own->second.end()) return found->second;
  }
  return Error(Reason::kInvalidField,
               absl::StrCat("no region '", name,
                            "' is registered; SystemSharedMemoryRegister "
                            "comes first"));
}

std::vector<SharedRegionSpec> SharedMemory::List(
    const std::string& client) const {
  const MutexLock lock(mutex_);
  std::vector<SharedRegionSpec> specs;
  if (const auto own = regions_.find(client); own != regions_.end()) {
    for (const auto& [name, region] : own->second) {
      specs.push_back(region->spec());
    }
  }
  return specs;
}

absl::Status CheckAllowed(const SharedMemory* memory) {
  if (memory != nullptr) return absl::OkStatus();
  return Error(Reason::kNotAllowed,
               "this server reads and writes no shared memory; its operator "
               "can allow that with --shared-memory=on");
}

}  // namespace strata
