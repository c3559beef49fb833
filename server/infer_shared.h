// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_INFER_SHARED_H_
#define STRATA_SERVER_INFER_SHARED_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/infer_parameters.h"
#include "server/shared_memory.h"
#include "triton/grpc_service.pb.h"

namespace strata {

// Where in shared memory a tensor's contents are, or go.
struct SharedPlace {
  // Its region, by name; opened where one was looked for.
  std::string name;
  std::shared_ptr<SharedRegion> region;
  // From the beginning of the region, in bytes.
  std::int64_t offset = 0;
  // What the contents have; of an output: may have.
  std::int64_t byte_size = 0;
};

// The place that a tensor's parameters `shared_memory_region`,
// `shared_memory_offset` and `shared_memory_byte_size` name; nullopt: none.
// `field` is what errors call the tensor. Pure. Error: INVALID_FIELD.
absl::StatusOr<std::optional<SharedPlace>> SharedPlaceOf(
    const InferParameters::Map& parameters, const std::string& field);

// Looks up a place's region among those of `client`; `memory` nullptr: there is
// no shared memory. Errors: INVALID_FIELD where it is not registered or does
// not reach as far, NOT_ALLOWED.
absl::Status FindRegion(const SharedMemory* memory, const std::string& client,
                        const std::string& field, SharedPlace& place);

// Where in shared memory the inputs of a request are.
struct SharedInputs {
  // Of each input; nullopt: in the request.
  std::vector<std::optional<SharedPlace>> places;
  // Of all together.
  std::int64_t bytes = 0;
};

// Looks for them, and reads nothing. Errors: those of FindRegion; INVALID_FIELD
// where other tensors' contents are typed, or more than a request may have.
absl::StatusOr<SharedInputs> FindSharedInputs(
    const inference::ModelInferRequest& request, const SharedMemory* memory,
    const std::string& client);

// Reads them, so that all contents of the request are raw ones; as long as that
// takes. Errors: those of SharedRegion::Read; SERVER_FULL where the host has no
// memory for them.
absl::Status TakeSharedInputs(const SharedInputs& inputs,
                              inference::ModelInferRequest& request);

}  // namespace strata

#endif  // STRATA_SERVER_INFER_SHARED_H_
