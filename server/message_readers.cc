// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/message_readers.h"

#include <cstdint>
#include <utility>

#include "absl/functional/any_invocable.h"

namespace strata {

void MessageReaders::Read(std::int64_t bytes, absl::AnyInvocable<void()> read) {
  if (bytes <= kShortMessage) {
    std::move(read)();
    return;
  }
  if (bytes_.fetch_add(bytes) + bytes > max_bytes_) {
    bytes_ -= bytes;
    std::move(read)();
    return;
  }
  pool_.Submit([this, bytes, read = std::move(read)]() mutable {
    std::move(read)();
    bytes_ -= bytes;
  });
}

}  // namespace strata
