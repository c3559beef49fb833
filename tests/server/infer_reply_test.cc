// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/infer_reply.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/base/host_tensor.h"
#include "core/batch/request.h"
#include "core/engine/call.h"
#include "core/model/model.h"
#include "gmock/gmock.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"
#include "gtest/gtest.h"
#include "server/infer_call.h"
#include "server/infer_outputs.h"
#include "tests/fakes/counting_tensor.h"
#include "tests/server/buffer_bytes.h"
#include "triton/grpc_service.pb.h"

namespace strata {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Two inputs, of one piece and of three; vectors of two halves, and pooled.
EncodeReply MakeReply() {
  auto model = std::make_shared<Model>();
  model->id = {.name = "m", .version = 3};
  EncodeReply reply{.model = model};
  for (const int pieces : {1, 3}) {
    EncodedInput& input = reply.inputs.emplace_back();
    input.piece_count = pieces;
    for (int i = 0; i < pieces; ++i) input.pieces.push_back({.id = 10 + i});
    input.outputs.push_back(CountingTensor(
        {1, pieces, 2}, static_cast<std::size_t>(pieces) * 4, 'a'));
    input.outputs.push_back(CountingTensor({1, 2}, 4, 'p'));
  }
  return reply;
}

InferForm MakeForm(std::vector<InferOutput> outputs) {
  return {.id = "mine", .outputs = std::move(outputs), .tensor = "text"};
}

inference::ModelInferResponse Respond(EncodeReply reply,
                                      const InferForm& form) {
  const auto bytes = ToModelInferResponse(std::move(reply), form);
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  inference::ModelInferResponse response;
  EXPECT_TRUE(response.ParseFromString(Join(*bytes)));
  // A reader that keeps unknown fields would show a wrong frame as one.
  EXPECT_TRUE(response.GetReflection()->GetUnknownFields(response).empty());
  return response;
}

std::vector<std::int64_t> Numbers(const std::string& bytes) {
  std::vector<std::int64_t> numbers(bytes.size() / sizeof(std::int64_t));
  std::memcpy(numbers.data(), bytes.data(), bytes.size());
  return numbers;
}

TEST(InferReplyTest, FillsUpShorterInputsWithZeros) {
  using std::string_literals::operator""s;
  const inference::ModelInferResponse response =
      Respond(MakeReply(),
              MakeForm({{"hidden_states", InferOutputKind::kPieceVectors, 0},
                        {"attention_mask", InferOutputKind::kAttentionMask},
                        {"pooled", InferOutputKind::kPooledVectors, 1},
                        {"piece_ids", InferOutputKind::kPieceIds}}));
  EXPECT_EQ(response.model_name(), "m");
  EXPECT_EQ(response.model_version(), "3");
  EXPECT_EQ(response.id(), "mine");
  ASSERT_EQ(response.outputs_size(), 4);
  ASSERT_EQ(response.raw_output_contents_size(), 4);
  EXPECT_EQ(response.outputs(0).name(), "hidden_states");
  EXPECT_EQ(response.outputs(0).datatype(), "FP16");
  EXPECT_THAT(response.outputs(0).shape(), ElementsAre(2, 3, 2));
  EXPECT_EQ(response.raw_output_contents(0),
            "abcd\0\0\0\0\0\0\0\0abcdefghijkl"s);
  EXPECT_EQ(response.outputs(1).name(), "attention_mask");
  EXPECT_EQ(response.outputs(1).datatype(), "INT64");
  EXPECT_THAT(response.outputs(1).shape(), ElementsAre(2, 3));
  EXPECT_THAT(Numbers(response.raw_output_contents(1)),
              ElementsAre(1, 0, 0, 1, 1, 1));
  EXPECT_THAT(response.outputs(2).shape(), ElementsAre(2, 2));
  EXPECT_EQ(response.raw_output_contents(2), "pqrspqrs");
  EXPECT_EQ(response.outputs(3).datatype(), "INT64");
  EXPECT_THAT(Numbers(response.raw_output_contents(3)),
              ElementsAre(10, 0, 0, 10, 11, 12));
}

// Logits have no dimension of layers.
TEST(InferReplyTest, TakesTensorsWithoutLayers) {
  EncodeReply reply = MakeReply();
  for (EncodedInput& input : reply.inputs) {
    std::erase(input.outputs[0].shape, 1);
  }
  reply.inputs.erase(reply.inputs.begin());
  const inference::ModelInferResponse response =
      Respond(std::move(reply),
              MakeForm({{"logits", InferOutputKind::kPieceVectors, 0}}));
  EXPECT_THAT(response.outputs(0).shape(), ElementsAre(1, 3, 2));
  EXPECT_EQ(response.raw_output_contents(0), "abcdefghijkl");
}

TEST(InferReplyTest, CopiesNeitherNumbersNorZeros) {
  EncodeReply reply = MakeReply();
  for (EncodedInput& input : reply.inputs) {
    const std::int64_t width = 40'000;
    input.outputs[0] = CountingTensor({1, input.piece_count, width},
                                      input.piece_count * width * 2, 1);
  }
  const std::byte* const first = reply.inputs[0].outputs[0].blocks[0].data();
  const std::byte* const second = reply.inputs[1].outputs[0].blocks[0].data();
  const std::weak_ptr<const void> owner = reply.inputs[1].outputs[0].owner;
  auto buffer = ToModelInferResponse(
      std::move(reply),
      MakeForm({{"hidden_states", InferOutputKind::kPieceVectors, 0}}));
  ASSERT_TRUE(buffer.ok()) << buffer.status();
  const std::vector<grpc::Slice> slices = Slices(*buffer);
  // The head, a row, two of zeros in slices of 64 KiB that are one memory, and
  // the other row.
  ASSERT_EQ(slices.size(), 6U);
  EXPECT_EQ(slices[1].begin(), reinterpret_cast<const std::uint8_t*>(first));
  EXPECT_EQ(slices[1].size(), 80'000U);
  EXPECT_EQ(slices[2].begin(), slices[3].begin());
  EXPECT_EQ(slices[2].size() + slices[3].size() + slices[4].size(), 160'000U);
  EXPECT_EQ(slices[5].begin(), reinterpret_cast<const std::uint8_t*>(second));
  EXPECT_EQ(slices[5].size(), 240'000U);
  EXPECT_FALSE(owner.expired());
}

TEST(InferReplyTest, AnInputThatFailedFailsTheCall) {
  EncodeReply reply = MakeReply();
  reply.inputs[1] = {.status = Error(Reason::kForwardFailed, "infinite")};
  const InferForm form =
      MakeForm({{"pooled", InferOutputKind::kPooledVectors, 1}});
  const absl::Status status =
      ToModelInferResponse(std::move(reply), form).status();
  EXPECT_EQ(ReasonOf(status), Reason::kForwardFailed);
  EXPECT_EQ(status.message(), "text[1]: infinite");

  reply = MakeReply();
  reply.inputs[0] = {.status = FullError("no memory", absl::Seconds(3))};
  const absl::Status full =
      ToModelInferResponse(std::move(reply), form).status();
  EXPECT_EQ(ReasonOf(full), Reason::kServerFull);
  EXPECT_EQ(RetryAfterOf(full), absl::Seconds(3));
}

// Whole numbers take memory until they are sent, as vectors do.
TEST(InferReplyTest, NumbersKeepTheRoomOfTheirInput) {
  EncodeReply reply = MakeReply();
  const std::weak_ptr<const void> room = reply.inputs[1].outputs[0].owner;
  auto buffer = ToModelInferResponse(
      std::move(reply), MakeForm({{"piece_ids", InferOutputKind::kPieceIds}}));
  ASSERT_TRUE(buffer.ok()) << buffer.status();
  EXPECT_FALSE(room.expired());
  buffer->Clear();
  EXPECT_TRUE(room.expired());
}

}  // namespace
}  // namespace strata
