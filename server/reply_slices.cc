// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/reply_slices.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/host_tensor.h"
#include "core/batch/request.h"
#include "core/engine/call.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"
#include "server/convert.h"
#include "strata/v1/hidden_state_service.pb.h"
#include "strata/v1/tensor.pb.h"

namespace strata {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedOutputStream;

std::uint32_t Tag(int field) {
  return WireFormatLite::MakeTag(field,
                                 WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
}

// Bytes of a length-delimited field's tag and length.
std::size_t FrameSize(int field, std::size_t length) {
  return CodedOutputStream::VarintSize32(Tag(field)) +
         CodedOutputStream::VarintSize64(length);
}

std::size_t FieldSize(int field, std::size_t length) {
  return FrameSize(field, length) + length;
}

// An Output of which all but the numbers is serialized.
struct OutputParts {
  // The name's field.
  std::string name;
  // The tensor without its data.
  std::string tensor_head;
  // Of the whole Tensor and the whole Output, without their own frames.
  std::size_t tensor_size = 0;
  std::size_t size = 0;
};

OutputParts Prepare(const std::string& name, const HostTensor& tensor) {
  v1::Output output;
  output.set_name(name);
  OutputParts parts{.name = output.SerializeAsString(),
                    .tensor_head = ToTensorHead(tensor).SerializeAsString()};
  parts.tensor_size = parts.tensor_head.size();
  if (!tensor.data.empty()) {
    parts.tensor_size +=
        FieldSize(v1::Tensor::kDataFieldNumber, tensor.data.size());
  }
  parts.size = parts.name.size() +
               FieldSize(v1::Output::kTensorFieldNumber, parts.tensor_size);
  return parts;
}

// A slice of the numbers that keeps their owner.
grpc::Slice SliceOf(const HostTensor& tensor) {
  using Owner = std::shared_ptr<const void>;
  // The pointer is handed through C; `destroy` takes it back.
  auto owner = std::make_unique<Owner>(tensor.owner);
  const auto destroy = [](void* pointer) {
    const std::unique_ptr<Owner> taken(static_cast<Owner*>(pointer));
  };
  // A slice that is sent is never written to.
  auto* data = const_cast<std::byte*>(tensor.data.data());
  return {data, tensor.data.size(), destroy, owner.release()};
}

// Collects small strings and large slices in their order.
class SliceWriter {
 public:
  void WriteFrame(int field, std::size_t length) {
    std::array<std::uint8_t, 16> bytes;
    std::uint8_t* end =
        CodedOutputStream::WriteVarint32ToArray(Tag(field), bytes.data());
    end = CodedOutputStream::WriteVarint64ToArray(length, end);
    pending_.append(bytes.data(), end);
  }
  void Write(const std::string& bytes) { pending_ += bytes; }
  void WriteSlice(grpc::Slice slice) {
    Flush();
    slices_.push_back(std::move(slice));
  }
  grpc::ByteBuffer Finish() {
    Flush();
    return {slices_.data(), slices_.size()};
  }

 private:
  void Flush() {
    if (pending_.empty()) return;
    slices_.emplace_back(pending_);
    pending_.clear();
  }

  std::string pending_;
  std::vector<grpc::Slice> slices_;
};

void WriteEncoding(EncodedInput& input, const std::vector<OutputSpec>& specs,
                   SliceWriter& writer) {
  const std::string head = ToEncodingHead(input).SerializeAsString();
  std::vector<OutputParts> outputs;
  outputs.reserve(input.outputs.size());
  std::size_t size = head.size();
  for (std::size_t i = 0; i < input.outputs.size(); ++i) {
    outputs.push_back(Prepare(specs[i].name, input.outputs[i]));
    size += FieldSize(v1::Encoding::kOutputsFieldNumber, outputs[i].size);
  }
  writer.WriteFrame(v1::EncodeResponse::kEncodingsFieldNumber, size);
  writer.Write(head);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const HostTensor& tensor = input.outputs[i];
    writer.WriteFrame(v1::Encoding::kOutputsFieldNumber, outputs[i].size);
    writer.Write(outputs[i].name);
    writer.WriteFrame(v1::Output::kTensorFieldNumber, outputs[i].tensor_size);
    writer.Write(outputs[i].tensor_head);
    if (tensor.data.empty()) continue;
    writer.WriteFrame(v1::Tensor::kDataFieldNumber, tensor.data.size());
    writer.WriteSlice(SliceOf(tensor));
  }
}

}  // namespace

grpc::ByteBuffer ToEncodeResponse(EncodeReply reply) {
  v1::EncodeResponse head;
  head.set_model(reply.model->id.name);
  head.set_version(reply.model->id.version);
  head.set_digest(reply.model->digest);
  *head.mutable_timings() = ToTimings(reply.timings);
  SliceWriter writer;
  writer.Write(head.SerializeAsString());
  for (EncodedInput& input : reply.inputs) {
    WriteEncoding(input, *reply.outputs, writer);
  }
  return writer.Finish();
}

}  // namespace strata
