// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_INFER_REPLY_H_
#define STRATA_SERVER_INFER_REPLY_H_

#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/engine/call.h"
#include "grpcpp/support/byte_buffer.h"
#include "server/infer_call.h"
#include "server/slice_writer.h"
#include "triton/grpc_service.pb.h"

namespace strata {

// An answer as a serialized inference.ModelInferResponse. Each output is one
// tensor for all inputs, [B, T, width], [B, width] or [B, T], in
// raw_output_contents; inputs that are shorter than T, the longest, are
// followed by zeros. Numbers are not copied, and zeros take no memory: the
// slices point at the memory that the batch's copy from the device filled, and
// at zeros that all answers share. What goes into shared memory is copied there
// once, and has an empty entry.
class InferReply {
 public:
  // Lays out what the request of `form`, which outlives this, wants. Error:
  // that of the first input that failed, saying which it is.
  static absl::StatusOr<InferReply> Create(EncodeReply reply,
                                           const InferForm& form);

  // Copies the outputs that go there into shared memory, before Write; no more
  // of them once `stop` is requested. Errors: INVALID_FIELD where one is longer
  // than its place, or what SharedRegion::Write says; CALLER_CANCELLED.
  absl::Status Place(const std::stop_token& stop) const;

  // Bytes of the message, and of its tensors.
  std::size_t size() const { return size_; }
  std::size_t tensor_bytes() const { return tensor_bytes_; }

  void Write(SliceWriter& writer) const;

 private:
  // One output: a block of `block_bytes` for each input.
  struct Layout {
    const InferOutput* output = nullptr;
    std::int64_t block_bytes = 0;
  };

  InferReply(EncodeReply reply, const InferForm& form);

  // Adds an output to `head`, and returns how it lies.
  Layout LayOut(const InferOutput& output,
                inference::ModelInferResponse& head) const;
  // Bytes of an output within the message.
  std::size_t WireBytes(const Layout& layout) const;
  absl::Status PlaceOutput(const Layout& layout,
                           const std::stop_token& stop) const;

  EncodeReply reply_;
  // Pieces of the longest input.
  std::int64_t longest_ = 0;
  // All but the raw contents, serialized.
  std::string head_;
  std::vector<Layout> layouts_;
  std::size_t size_ = 0;
  std::size_t tensor_bytes_ = 0;
};

// The message alone, its shared memory written unless `stop` is requested.
// Errors as InferReply::Create and InferReply::Place.
absl::StatusOr<grpc::ByteBuffer> ToModelInferResponse(
    EncodeReply reply, const InferForm& form, const std::stop_token& stop = {});

}  // namespace strata

#endif  // STRATA_SERVER_INFER_REPLY_H_
