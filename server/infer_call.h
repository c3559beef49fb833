// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_INFER_CALL_H_
#define STRATA_SERVER_INFER_CALL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/batch/queue.h"
#include "core/engine/call.h"
#include "server/infer_outputs.h"
#include "triton/grpc_service.pb.h"

namespace strata {

// Triton counts priorities from 1, the highest, to so many; the one in the
// middle is our default, 0.
inline constexpr int kInferPriorities = (2 * kMostPriority) + 1;
inline constexpr int kDefaultInferPriority = kMostPriority + 1;

// What of a ModelInferRequest the engine does not see: what its answer is made
// of, and what errors call its parts.
struct InferForm {
  // Echoed.
  std::string id;
  std::vector<InferOutput> outputs;
  // The tensor that the inputs came from. Empty: the request was refused before
  // they were read, in names of its own.
  std::string tensor;
  // Names of the call's outputs.
  std::vector<std::string> specs;
};

// Whether an output does not go into the answer.
bool GoesToSharedMemory(const InferForm& form);

// A ModelInferRequest as a call of the engine.
struct InferCall {
  EncodeCall encode;
  InferForm form;
  // How long the caller waits, by its parameter; infinite: it said nothing.
  absl::Duration timeout = absl::InfiniteDuration();
};

// Reads a request, as docs/open-inference-protocol.md says. `max_inputs`: of
// one request. The caller fills in client, deadline, stop and request_bytes of
// the EncodeCall. Pure. Errors: INVALID_FIELD, naming the tensor, output or
// parameter; NOT_IMPLEMENTED; SERVER_FULL where the host has no memory for it.
absl::StatusOr<InferCall> ToInferCall(inference::ModelInferRequest request,
                                      std::int64_t max_inputs);

// An error of the engine, which names fields as strata.v1 does, with the name
// that `form`'s request has for them: "inputs[1].pieces.ids[7]" is
// "input_ids[1][7]".
absl::Status InProtocolNames(const absl::Status& status, const InferForm& form);

}  // namespace strata

#endif  // STRATA_SERVER_INFER_CALL_H_
