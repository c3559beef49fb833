// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_INFER_OUTPUTS_H_
#define STRATA_SERVER_INFER_OUTPUTS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/host_tensor.h"
#include "core/batch/request.h"
#include "server/infer_shared.h"
#include "triton/grpc_service.pb.h"

namespace strata {

// What an output of the Open Inference Protocol is made of: a vector for each
// piece, one for each input, or what there is of its pieces.
enum class InferOutputKind : std::uint8_t {
  kPieceVectors,
  kPooledVectors,
  kPieceIds,
  kAttentionMask
};

// What the protocol calls a type of returned numbers.
constexpr const char* DataTypeName(DataType dtype) {
  switch (dtype) {
    case DataType::kFloat32:
      return "FP32";
    case DataType::kFloat16:
      return "FP16";
    case DataType::kBFloat16:
      return "BF16";
  }
  return "";
}

// One output wanted of a request.
struct InferOutput {
  // As the request names it.
  std::string name;
  InferOutputKind kind = InferOutputKind::kPieceVectors;
  // Of vectors: which of the call's outputs they are.
  std::size_t spec = 0;
  // Where in shared memory it goes; nullopt: into the answer.
  std::optional<SharedPlace> place = std::nullopt;
};

// What a request wants.
struct InferOutputs {
  // In its order.
  std::vector<InferOutput> named;
  // What the engine is asked for; at least one. Names are those of the request.
  std::vector<OutputSpec> specs;
  // Whether pieces are wanted.
  bool pieces = false;
  // Whole numbers that the answer has at each piece.
  int numbers_per_piece = 0;
};

// Reads which outputs a request names: "hidden_states" (the last layer),
// "layer_N" (0 the embedding output, negative from the end), "pooled",
// "logits", "piece_ids" and "attention_mask". None: hidden_states and
// attention_mask. Its parameters say how vectors are made: `dtype` ("FP32",
// which is the default, "FP16", "BF16"), `normalize` and `dimensions`; of
// pooled, also `pooling` ("mean", which is the default, "first", "last",
// "max") and `layer`. What has no parameters is named once at most. Pure.
// Errors: INVALID_FIELD; NOT_IMPLEMENTED for classification.
absl::StatusOr<InferOutputs> ToInferOutputs(
    const inference::ModelInferRequest& request);

}  // namespace strata

#endif  // STRATA_SERVER_INFER_OUTPUTS_H_
