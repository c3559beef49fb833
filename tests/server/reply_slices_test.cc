// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/reply_slices.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/base/host_tensor.h"
#include "core/batch/request.h"
#include "core/engine/call.h"
#include "core/model/model.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"
#include "gtest/gtest.h"
#include "server/convert.h"
#include "strata/v1/hidden_state_service.pb.h"
#include "tests/fakes/counting_tensor.h"
#include "tests/fakes/host_bytes.h"
#include "tests/server/buffer_bytes.h"

namespace strata {
namespace {

EncodeReply MakeReply(std::vector<EncodedInput> inputs) {
  auto model = std::make_shared<Model>();
  model->id = {.name = "minilm", .version = 3};
  model->digest = "sha256:1";
  return {
      .model = model,
      .outputs = std::make_shared<const std::vector<OutputSpec>>(
          std::vector<OutputSpec>{{.name = "first"}, {.name = ""}}),
      .inputs = std::move(inputs),
      .timings = {.queue = absl::Milliseconds(3), .total = absl::Seconds(4)}};
}

// The same answer, built the plain way.
v1::EncodeResponse Plain(EncodeReply reply) {
  v1::EncodeResponse response;
  response.set_model(reply.model->id.name);
  response.set_version(reply.model->id.version);
  response.set_digest(reply.model->digest);
  *response.mutable_timings() = ToTimings(reply.timings);
  for (EncodedInput& input : reply.inputs) {
    v1::Encoding& encoding = *response.add_encodings();
    encoding = ToEncodingHead(input);
    for (std::size_t i = 0; i < input.outputs.size(); ++i) {
      const HostTensor& tensor = input.outputs[i];
      v1::Output& output = *encoding.add_outputs();
      output.set_name((*reply.outputs)[i].name);
      *output.mutable_tensor() = ToTensorHead(tensor);
      const std::vector<std::byte> bytes = Bytes(tensor);
      output.mutable_tensor()->set_data(bytes.data(), bytes.size());
    }
  }
  return response;
}

void ExpectEqualsPlain(const EncodeReply& reply) {
  v1::EncodeResponse response;
  ASSERT_TRUE(response.ParseFromString(Join(ToEncodeResponse(reply))));
  EXPECT_EQ(response.DebugString(), Plain(reply).DebugString());
  // A reader that keeps unknown fields would show a wrong frame as one.
  EXPECT_TRUE(response.GetReflection()->GetUnknownFields(response).empty());
}

TEST(ReplySlicesTest, EqualsTheMessageBuiltThePlainWay) {
  EncodedInput first{.pieces = {{.id = 1, .text = "a", .range = {0, 1}}},
                     .piece_count = 1,
                     .batch = {.rows = 1, .pieces = 1, .padded_pieces = 2}};
  first.outputs.push_back(CountingTensor({1, 1, 3}, 6, 1));
  first.outputs.push_back(CountingTensor({2, 3}, 12, 77));
  EncodedInput second{.piece_count = 2};
  second.outputs.push_back(CountingTensor({1, 2, 3}, 12, 3));
  second.outputs.push_back(CountingTensor({2, 3}, 12, 5));
  ExpectEqualsPlain(MakeReply({std::move(first), std::move(second)}));
}

// Lengths on both sides of where a varint grows by a byte.
TEST(ReplySlicesTest, FramesAnyLength) {
  for (const std::size_t bytes :
       {std::size_t{1}, std::size_t{90}, std::size_t{127}, std::size_t{128},
        std::size_t{16'300}, std::size_t{16'383}, std::size_t{16'384},
        std::size_t{1} << 20, std::size_t{1} << 21}) {
    EncodedInput input;
    input.outputs.push_back(
        CountingTensor({static_cast<std::int64_t>(bytes)}, bytes, 9));
    ExpectEqualsPlain(MakeReply({std::move(input)}));
  }
}

TEST(ReplySlicesTest, AnInputThatFailedHasNoOutputs) {
  EncodedInput failed{.status = Error(Reason::kForwardFailed, "infinite")};
  EncodedInput good;
  good.outputs.push_back(CountingTensor({2}, 4, 1));
  ExpectEqualsPlain(MakeReply({std::move(failed), std::move(good)}));
}

TEST(ReplySlicesTest, AnEmptyTensorHasNoData) {
  EncodedInput input;
  input.outputs.push_back({.shape = {1, 0, 3}});
  ExpectEqualsPlain(MakeReply({std::move(input)}));
}

TEST(ReplySlicesTest, NoInputsAreAnAnswerToo) {
  ExpectEqualsPlain(MakeReply({}));
}

TEST(ReplySlicesTest, DoesNotCopyTheNumbers) {
  EncodedInput input;
  input.outputs.push_back(CountingTensor({500}, 1000, 1));
  input.outputs.push_back(CountingTensor({600}, 1200, 1));
  const std::byte* const first = input.outputs[0].blocks[0].data();
  const std::byte* const second = input.outputs[1].blocks[0].data();
  const grpc::ByteBuffer buffer =
      ToEncodeResponse(MakeReply({std::move(input)}));
  const std::vector<grpc::Slice> slices = Slices(buffer);
  ASSERT_EQ(slices.size(), 4U);
  EXPECT_EQ(slices[1].begin(), reinterpret_cast<const std::uint8_t*>(first));
  EXPECT_EQ(slices[1].size(), 1000U);
  EXPECT_EQ(slices[3].begin(), reinterpret_cast<const std::uint8_t*>(second));
  EXPECT_EQ(slices[3].size(), 1200U);
}

TEST(ReplySlicesTest, ATensorOfBlocksIsTheirNumbersInTheirOrder) {
  HostTensor tensor = CountingTensor({6}, 12, 'a');
  const std::span<const std::byte> whole = tensor.blocks[0];
  tensor.blocks = {whole.subspan(8), whole.first(3), whole.subspan(3, 5)};
  EncodedInput input;
  input.outputs.push_back(tensor);
  v1::EncodeResponse response;
  ASSERT_TRUE(response.ParseFromString(
      Join(ToEncodeResponse(MakeReply({std::move(input)})))));
  EXPECT_EQ(response.encodings(0).outputs(0).tensor().data(), "ijklabcdefgh");
}

TEST(ReplySlicesTest, HoldsTheOwnerUntilTheBufferIsGone) {
  EncodedInput input;
  input.outputs.push_back(CountingTensor({500}, 1000, 1));
  const std::weak_ptr<const void> owner = input.outputs[0].owner;
  grpc::ByteBuffer buffer = ToEncodeResponse(MakeReply({std::move(input)}));
  EXPECT_FALSE(owner.expired());
  grpc::ByteBuffer copy = buffer;
  buffer.Clear();
  EXPECT_FALSE(owner.expired());
  copy.Clear();
  EXPECT_TRUE(owner.expired());
}

}  // namespace
}  // namespace strata
