// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_WRITE_AT_H_
#define STRATA_SERVER_WRITE_AT_H_

#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>

namespace strata {

// Writes all of `bytes` into an open file from `offset` on. Returns 0, or the
// errno of what kept it from that.
inline int WriteAt(int file, std::int64_t offset,
                   std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = pwrite(file, bytes.data(), bytes.size(), offset);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return count < 0 ? errno : ENOSPC;
    offset += count;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return 0;
}

}  // namespace strata

#endif  // STRATA_SERVER_WRITE_AT_H_
