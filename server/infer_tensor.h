// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_INFER_TENSOR_H_
#define STRATA_SERVER_INFER_TENSOR_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "triton/grpc_service.pb.h"

namespace strata {

// An input tensor of a ModelInferRequest, which outlives it, and where its
// contents are.
struct InferTensor {
  inference::ModelInferRequest::InferInputTensor* head = nullptr;
  // Its entry in raw_input_contents; nullptr: they are in `head`, typed.
  std::string* raw = nullptr;

  const std::string& name() const { return head->name(); }
};

// Whole numbers, row-major.
struct InferMatrix {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::vector<std::int64_t> numbers;
};

// The tensors of a request. Errors: INVALID_FIELD where some are raw and others
// typed, or as many raw ones as tensors are missing; NOT_IMPLEMENTED for
// contents that are still in shared memory (TakeSharedInputs).
absl::StatusOr<std::vector<InferTensor>> InputTensorsOf(
    inference::ModelInferRequest& request);

// What a tensor holds, which is moved out of it: of BYTES [B] or [B, 1], B
// texts; of INT64 or INT32, and where `bools` also of BOOL, [B, T] numbers.
// `max_rows`: what B may be. Pure. Errors, naming the tensor: INVALID_FIELD for
// another type, another shape, contents that are not as many as the shape says,
// and a text that is not UTF-8.
absl::StatusOr<std::vector<std::string>> TakeTexts(const InferTensor& tensor,
                                                   std::int64_t max_rows);
absl::StatusOr<InferMatrix> TakeMatrix(const InferTensor& tensor, bool bools,
                                       std::int64_t max_rows);

}  // namespace strata

#endif  // STRATA_SERVER_INFER_TENSOR_H_
