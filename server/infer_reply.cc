// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/infer_reply.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/host_tensor.h"
#include "core/base/status_macros.h"
#include "core/engine/call.h"
#include "grpcpp/support/byte_buffer.h"
#include "server/infer_call.h"
#include "server/infer_outputs.h"
#include "server/infer_shared.h"
#include "server/shared_memory.h"
#include "server/slice_writer.h"
#include "triton/grpc_service.pb.h"

namespace strata {
namespace {

using inference::ModelInferResponse;

constexpr int kRawContents = ModelInferResponse::kRawOutputContentsFieldNumber;

bool AreVectors(InferOutputKind kind) {
  return kind == InferOutputKind::kPieceVectors ||
         kind == InferOutputKind::kPooledVectors;
}

// What an input has at its pieces. It keeps the room that the input's answer
// has taken, as its vectors do.
HostTensor NumbersAt(InferOutputKind kind, const EncodedInput& input) {
  struct Kept {
    std::vector<std::int64_t> numbers;
    std::shared_ptr<const void> room;
  };
  auto kept = std::make_shared<Kept>();
  kept->numbers.assign(input.piece_count, 1);
  if (kind == InferOutputKind::kPieceIds) {
    std::ranges::transform(input.pieces, kept->numbers.begin(), &Piece::id);
  }
  kept->room = input.outputs.front().owner;
  const auto bytes =
      std::as_bytes(std::span<const std::int64_t>(kept->numbers));
  return {.owner = std::move(kept), .blocks = {bytes}};
}

// What an input has of an output, without the zeros that follow.
HostTensor NumbersOf(const InferOutput& output, const EncodedInput& input) {
  return AreVectors(output.kind) ? input.outputs[output.spec]
                                 : NumbersAt(output.kind, input);
}

absl::Status PlaceZeros(SharedRegion& region, std::int64_t offset,
                        std::int64_t size) {
  static constexpr std::array<std::byte, std::size_t{64} << 10> kZeros = {};
  while (size > 0) {
    const auto step = std::min<std::int64_t>(size, kZeros.size());
    STRATA_RETURN_IF_ERROR(region.Write(offset, std::span(kZeros).first(step)));
    offset += step;
    size -= step;
  }
  return absl::OkStatus();
}

void SetInteger(const char* name, std::int64_t value,
                ModelInferResponse::InferOutputTensor& output) {
  inference::InferParameter parameter;
  parameter.set_int64_param(value);
  // Not by [], in which g++ 12 sees bounds passed that are kept.
  output.mutable_parameters()->insert({name, parameter});
}

// Says of an output where it went.
void SetPlace(const SharedPlace& place, std::int64_t bytes,
              ModelInferResponse::InferOutputTensor& output) {
  inference::InferParameter region;
  region.set_string_param(place.name);
  output.mutable_parameters()->insert({"shared_memory_region", region});
  SetInteger("shared_memory_offset", place.offset, output);
  SetInteger("shared_memory_byte_size", bytes, output);
}

}  // namespace

absl::StatusOr<InferReply> InferReply::Create(EncodeReply reply,
                                              const InferForm& form) {
  for (std::size_t i = 0; i < reply.inputs.size(); ++i) {
    const absl::Status& status = reply.inputs[i].status;
    if (!status.ok()) {
      return InputError(absl::StrCat(form.tensor, "[", i, "]"), status);
    }
  }
  return InferReply(std::move(reply), form);
}

InferReply::InferReply(EncodeReply reply, const InferForm& form)
    : reply_(std::move(reply)) {
  for (const EncodedInput& input : reply_.inputs) {
    longest_ = std::max<std::int64_t>(longest_, input.piece_count);
  }
  ModelInferResponse head;
  head.set_model_name(reply_.model->id.name);
  head.set_model_version(absl::StrCat(reply_.model->id.version));
  head.set_id(form.id);
  for (const InferOutput& output : form.outputs) {
    layouts_.push_back(LayOut(output, head));
  }
  head_ = head.SerializeAsString();
  size_ = head_.size();
  for (const Layout& layout : layouts_) {
    const std::size_t bytes = WireBytes(layout);
    tensor_bytes_ += bytes;
    size_ += FieldSize(kRawContents, bytes);
  }
}

std::size_t InferReply::WireBytes(const Layout& layout) const {
  if (layout.output->place.has_value()) return 0;
  return layout.block_bytes * reply_.inputs.size();
}

auto InferReply::LayOut(const InferOutput& output,
                        ModelInferResponse& head) const -> Layout {
  auto& message = *head.add_outputs();
  message.set_name(output.name);
  message.add_shape(std::ssize(reply_.inputs));
  if (output.kind != InferOutputKind::kPooledVectors) {
    message.add_shape(longest_);
  }
  std::int64_t element = sizeof(std::int64_t);
  if (AreVectors(output.kind)) {
    const HostTensor& tensor = reply_.inputs[0].outputs[output.spec];
    message.set_datatype(DataTypeName(tensor.dtype));
    message.add_shape(tensor.shape.back());
    element = ByteSize(tensor.dtype);
  } else {
    message.set_datatype("INT64");
  }
  std::int64_t block = element;
  for (int i = 1; i < message.shape_size(); ++i) block *= message.shape(i);
  if (output.place.has_value()) {
    SetPlace(*output.place, block * std::ssize(reply_.inputs), message);
  }
  return {.output = &output, .block_bytes = block};
}

void InferReply::Write(SliceWriter& writer) const {
  writer.Write(head_);
  for (const Layout& layout : layouts_) {
    writer.WriteFrame(kRawContents, WireBytes(layout));
    if (layout.output->place.has_value()) continue;
    for (const EncodedInput& input : reply_.inputs) {
      const HostTensor tensor = NumbersOf(*layout.output, input);
      const std::size_t bytes = tensor.bytes();
      writer.WriteNumbers(tensor, 0, bytes);
      writer.WriteZeros(layout.block_bytes - bytes);
    }
  }
}

absl::Status InferReply::Place(const std::stop_token& stop) const {
  for (std::size_t i = 0; i < layouts_.size(); ++i) {
    if (!layouts_[i].output->place.has_value()) continue;
    const absl::Status placed = PlaceOutput(layouts_[i], stop);
    if (ReasonOf(placed) == Reason::kInvalidField) {
      return FieldError(absl::StrCat("outputs[", i, "]"), placed.message());
    }
    STRATA_RETURN_IF_ERROR(placed);
  }
  return absl::OkStatus();
}

absl::Status InferReply::PlaceOutput(const Layout& layout,
                                     const std::stop_token& stop) const {
  const SharedPlace& place = *layout.output->place;
  const std::int64_t bytes = layout.block_bytes * std::ssize(reply_.inputs);
  if (bytes > place.byte_size) {
    return Error(
        Reason::kInvalidField,
        absl::StrCat("has ", bytes, " bytes, more than the ", place.byte_size,
                     " of its shared_memory_byte_size"));
  }
  std::int64_t block = place.offset;
  for (const EncodedInput& input : reply_.inputs) {
    if (stop.stop_requested()) {
      return Error(Reason::kCallerCancelled, "the caller cancelled");
    }
    std::int64_t offset = block;
    const HostTensor tensor = NumbersOf(*layout.output, input);
    for (const std::span<const std::byte> part : tensor.blocks) {
      STRATA_RETURN_IF_ERROR(place.region->Write(offset, part));
      offset += std::ssize(part);
    }
    block += layout.block_bytes;
    STRATA_RETURN_IF_ERROR(PlaceZeros(*place.region, offset, block - offset));
  }
  return absl::OkStatus();
}

absl::StatusOr<grpc::ByteBuffer> ToModelInferResponse(
    EncodeReply reply, const InferForm& form, const std::stop_token& stop) {
  STRATA_ASSIGN_OR_RETURN(const InferReply result,
                          InferReply::Create(std::move(reply), form));
  STRATA_RETURN_IF_ERROR(result.Place(stop));
  SliceWriter writer;
  result.Write(writer);
  return writer.Finish();
}

}  // namespace strata
