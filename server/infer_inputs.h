// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_INFER_INPUTS_H_
#define STRATA_SERVER_INFER_INPUTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/engine/call.h"
#include "triton/grpc_service.pb.h"

namespace strata {

// The inputs of a call, out of the tensors of a request.
struct InferInputs {
  std::vector<EncodeInput> inputs;
  // The tensor that they came from, "text" or "input_ids": what errors call
  // them.
  std::string tensor;
};

// Reads the tensors "text" and, if it is there, "text_pair", BYTES [B] or
// [B, 1]; or "input_ids", INT64 or INT32 [B, T], and, if it is there,
// "attention_mask", the same or BOOL: 1 at the pieces, which come first in each
// row, and 0 at the padding. Without a mask all are pieces. `prompt` goes with
// each text. `max_rows`: what B may be. Pure. Errors: INVALID_FIELD, naming the
// tensor; NOT_IMPLEMENTED as for InputTensorsOf.
absl::StatusOr<InferInputs> TakeInferInputs(
    inference::ModelInferRequest& request, const std::string& prompt,
    std::int64_t max_rows);

}  // namespace strata

#endif  // STRATA_SERVER_INFER_INPUTS_H_
