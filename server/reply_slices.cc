// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/reply_slices.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "core/base/host_tensor.h"
#include "core/batch/request.h"
#include "core/engine/call.h"
#include "grpcpp/support/byte_buffer.h"
#include "server/convert.h"
#include "server/slice_writer.h"
#include "strata/v1/hidden_state_service.pb.h"
#include "strata/v1/tensor.pb.h"

namespace strata {
namespace {

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
  if (const std::size_t bytes = tensor.bytes(); bytes > 0) {
    parts.tensor_size += FieldSize(v1::Tensor::kDataFieldNumber, bytes);
  }
  parts.size = parts.name.size() +
               FieldSize(v1::Output::kTensorFieldNumber, parts.tensor_size);
  return parts;
}

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
    const std::size_t bytes = tensor.bytes();
    if (bytes == 0) continue;
    writer.WriteFrame(v1::Tensor::kDataFieldNumber, bytes);
    writer.WriteNumbers(tensor, 0, bytes);
  }
}

}  // namespace

grpc::ByteBuffer ToEncodeResponse(EncodeReply reply) {
  SliceWriter writer;
  writer.Write(ToEncodeResponseHead(reply).SerializeAsString());
  for (EncodedInput& input : reply.inputs) {
    WriteEncoding(input, *reply.outputs, writer);
  }
  return writer.Finish();
}

}  // namespace strata
