// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/reply_parts.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "core/base/host_tensor.h"
#include "core/engine/call.h"
#include "server/answer_events.h"
#include "server/convert.h"
#include "server/slice_writer.h"
#include "server/status.h"
#include "strata/v1/hidden_state_service.pb.h"

namespace strata {
namespace {

template <typename Response>
constexpr EventFields FieldsOf() {
  return {.input = Response::kInputFieldNumber,
          .encoding = Response::kEncodingFieldNumber,
          .part = Response::kPartFieldNumber,
          .done = Response::kDoneFieldNumber,
          .answer = Response::kAnswerFieldNumber};
}

void WriteField(int field, const std::string& bytes, SliceWriter& writer) {
  writer.WriteFrame(field, bytes.size());
  writer.Write(bytes);
}

void WriteStart(const EventFormat& format, int input, SliceWriter& writer) {
  if (!format.request_id.empty()) {
    WriteField(v1::EncodeStreamResponse::kRequestIdFieldNumber,
               format.request_id, writer);
  }
  if (input != 0) {
    writer.WriteInteger(format.fields.input, static_cast<std::uint64_t>(input));
  }
}

}  // namespace

EventFormat ChunksFormat(std::int64_t part_bytes) {
  return {.fields = FieldsOf<v1::EncodeChunksResponse>(),
          .request_id = "",
          .part_bytes = part_bytes};
}

EventFormat StreamFormat(std::string request_id, std::int64_t part_bytes) {
  return {.fields = FieldsOf<v1::EncodeStreamResponse>(),
          .request_id = std::move(request_id),
          .part_bytes = part_bytes};
}

InputEvents::InputEvents(int input, EncodedInput result, Outputs specs)
    : input_(input), result_(std::move(result)), specs_(std::move(specs)) {}

Event InputEvents::Next(const EventFormat& format) {
  if (head_given_) return NextPart(format);
  head_given_ = true;
  SliceWriter writer;
  WriteStart(format, input_, writer);
  WriteField(format.fields.encoding, Head().SerializeAsString(), writer);
  return {.message = writer.Finish()};
}

v1::Encoding InputEvents::Head() {
  v1::Encoding encoding = ToEncodingHead(result_);
  for (std::size_t i = 0; i < result_.outputs.size(); ++i) {
    v1::Output& output = *encoding.add_outputs();
    output.set_name((*specs_)[i].name);
    *output.mutable_tensor() = ToTensorHead(result_.outputs[i]);
  }
  return encoding;
}

Event InputEvents::NextPart(const EventFormat& format) {
  const HostTensor& tensor = result_.outputs[output_];
  const std::size_t bytes = tensor.bytes();
  const std::size_t size =
      std::min(bytes - offset_, static_cast<std::size_t>(format.part_bytes));
  const bool last = offset_ + size == bytes;
  v1::TensorPart part;
  part.set_output(static_cast<std::int32_t>(output_));
  part.set_offset(static_cast<std::int64_t>(offset_));
  part.set_last(last);
  const std::string head = part.SerializeAsString();

  constexpr int kData = v1::TensorPart::kDataFieldNumber;
  SliceWriter writer;
  WriteStart(format, input_, writer);
  writer.WriteFrame(format.fields.part,
                    head.size() + (size > 0 ? FieldSize(kData, size) : 0));
  writer.Write(head);
  if (size > 0) {
    writer.WriteFrame(kData, size);
    writer.WriteNumbers(tensor, offset_, size);
  }
  offset_ = last ? 0 : offset_ + size;
  if (last) ++output_;
  return {.message = writer.Finish(),
          .tensor_bytes = static_cast<std::int64_t>(size)};
}

Event DoneEvent(const EventFormat& format,
                const absl::StatusOr<EncodeReply>& reply) {
  SliceWriter writer;
  WriteStart(format, 0, writer);
  WriteField(format.fields.done,
             ToRpcStatus(reply.status()).SerializeAsString(), writer);
  if (reply.ok()) {
    WriteField(format.fields.answer,
               ToEncodeResponseHead(*reply).SerializeAsString(), writer);
  }
  return {.message = writer.Finish()};
}

void PartsEvents::OnInput(int input, EncodedInput result,
                          const Outputs& outputs) {
  inputs_.emplace_back(input, std::move(result), outputs);
}

void PartsEvents::Finish(const absl::StatusOr<EncodeReply>& reply) {
  done_ = DoneEvent(format_, reply);
}

Event PartsEvents::Next(bool& last) {
  if (inputs_.empty()) {
    last = true;
    return std::exchange(done_, std::nullopt).value_or(Event());
  }
  Event event = inputs_.front().Next(format_);
  if (inputs_.front().done()) inputs_.pop_front();
  return event;
}

}  // namespace strata
