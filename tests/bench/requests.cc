// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/requests.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"
#include "strata/v1/hidden_state_service.pb.h"
#include "tests/bench/texts.h"

namespace strata::bench {
namespace {

grpc::ByteBuffer ToByteBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

// Vectors in the answer for a text.
std::int64_t Vectors(const Text& text, const RequestForm& form) {
  const auto layers = std::max<std::int64_t>(std::ssize(form.layers), 1);
  return form.mean ? layers : layers * text.pieces();
}

void AddText(const Text& text, const RequestForm& form,
             v1::EncodeRequest& message, Request& request) {
  v1::Input& input = *message.add_inputs();
  if (form.as_ids) {
    input.mutable_pieces()->mutable_ids()->Assign(text.ids.begin(),
                                                  text.ids.end());
  } else {
    input.set_text(text.text);
  }
  constexpr std::int64_t kFloatBytes = 4;
  ++request.texts;
  request.pieces += text.pieces();
  request.longest = std::max(request.longest, text.pieces());
  request.least_answer_bytes += Vectors(text, form) * form.width * kFloatBytes;
}

}  // namespace

std::vector<Request> MakeRequests(std::span<const Text> texts,
                                  const RequestForm& form) {
  v1::EncodeRequest empty;
  empty.set_model(form.model);
  v1::OutputSpec& output = *empty.add_outputs();
  output.set_pooling(form.mean ? v1::POOLING_MEAN : v1::POOLING_NONE);
  output.mutable_layers()->Assign(form.layers.begin(), form.layers.end());
  std::vector<Request> requests;
  const auto step = static_cast<std::size_t>(form.inputs);
  for (std::size_t begin = 0; begin < texts.size(); begin += step) {
    const std::size_t count = std::min(step, texts.size() - begin);
    v1::EncodeRequest message = empty;
    Request request;
    for (const Text& text : texts.subspan(begin, count)) {
      AddText(text, form, message, request);
    }
    request.bytes = ToByteBuffer(message.SerializeAsString());
    requests.push_back(std::move(request));
  }
  return requests;
}

Request MakeEchoRequest(std::int64_t answer_bytes) {
  return {.bytes = ToByteBuffer(absl::StrCat(answer_bytes)),
          .texts = 1,
          .least_answer_bytes = answer_bytes};
}

}  // namespace strata::bench
