// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/shared_memory_calls.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/status_macros.h"
#include "server/shared_memory.h"
#include "triton/grpc_service.pb.h"

namespace strata {
namespace {

// What no file is as long as stays so.
std::int64_t Signed(std::uint64_t value) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::min(value, kMost));
}

}  // namespace

absl::StatusOr<inference::SystemSharedMemoryStatusResponse> SharedMemoryStatus(
    const inference::SystemSharedMemoryStatusRequest& request,
    const SharedMemory* memory, const std::string& client) {
  STRATA_RETURN_IF_ERROR(CheckAllowed(memory));
  if (!request.name().empty()) {
    STRATA_RETURN_IF_ERROR(memory->Find(client, request.name()).status());
  }
  inference::SystemSharedMemoryStatusResponse response;
  for (const SharedRegionSpec& spec : memory->List(client)) {
    if (!request.name().empty() && spec.name != request.name()) continue;
    auto& region = (*response.mutable_regions())[spec.name];
    region.set_name(spec.name);
    region.set_key(spec.key);
    region.set_offset(spec.offset);
    region.set_byte_size(spec.byte_size);
  }
  return response;
}

absl::StatusOr<inference::SystemSharedMemoryRegisterResponse>
RegisterSharedMemory(
    const inference::SystemSharedMemoryRegisterRequest& request,
    SharedMemory* memory, const std::string& client) {
  STRATA_RETURN_IF_ERROR(CheckAllowed(memory));
  STRATA_RETURN_IF_ERROR(
      memory->Register(client, {.name = request.name(),
                                .key = request.key(),
                                .offset = Signed(request.offset()),
                                .byte_size = Signed(request.byte_size())}));
  return inference::SystemSharedMemoryRegisterResponse();
}

absl::StatusOr<inference::SystemSharedMemoryUnregisterResponse>
UnregisterSharedMemory(
    const inference::SystemSharedMemoryUnregisterRequest& request,
    SharedMemory* memory, const std::string& client) {
  STRATA_RETURN_IF_ERROR(CheckAllowed(memory));
  memory->Unregister(client, request.name());
  return inference::SystemSharedMemoryUnregisterResponse();
}

}  // namespace strata
