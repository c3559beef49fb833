// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_SHARED_MEMORY_CALLS_H_
#define STRATA_SERVER_SHARED_MEMORY_CALLS_H_

#include <string>

#include "absl/status/statusor.h"
#include "server/shared_memory.h"
#include "triton/grpc_service.pb.h"

namespace strata {

// The RPCs of Triton's system shared memory extension, of the regions of
// `client`. `memory` nullptr: NOT_ALLOWED. Other errors: those of SharedMemory.

absl::StatusOr<inference::SystemSharedMemoryStatusResponse> SharedMemoryStatus(
    const inference::SystemSharedMemoryStatusRequest& request,
    const SharedMemory* memory, const std::string& client);

absl::StatusOr<inference::SystemSharedMemoryRegisterResponse>
RegisterSharedMemory(
    const inference::SystemSharedMemoryRegisterRequest& request,
    SharedMemory* memory, const std::string& client);

absl::StatusOr<inference::SystemSharedMemoryUnregisterResponse>
UnregisterSharedMemory(
    const inference::SystemSharedMemoryUnregisterRequest& request,
    SharedMemory* memory, const std::string& client);

}  // namespace strata

#endif  // STRATA_SERVER_SHARED_MEMORY_CALLS_H_
