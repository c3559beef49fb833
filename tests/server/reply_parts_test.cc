// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/reply_parts.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/batch/request.h"
#include "core/engine/call.h"
#include "core/model/model.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"
#include "gtest/gtest.h"
#include "server/message_bytes.h"
#include "strata/v1/hidden_state_service.pb.h"
#include "strata/v1/tensor.pb.h"
#include "tests/fakes/counting_tensor.h"

namespace strata {
namespace {

InputEvents::Outputs Named(std::vector<std::string> names) {
  auto specs = std::make_shared<std::vector<OutputSpec>>();
  for (std::string& name : names) specs->push_back({.name = std::move(name)});
  return specs;
}

// All that was sent must be known to the message.
template <typename Message>
Message Read(Event event) {
  Message message;
  EXPECT_TRUE(ParseMessage(event.message, message));
  EXPECT_TRUE(message.GetReflection()->GetUnknownFields(message).empty());
  return message;
}

TEST(ReplyPartsTest, AnInputIsItsEncodingAndThenThePartsOfItsTensors) {
  EncodedInput input{.pieces = {{.id = 1, .text = "a", .range = {0, 1}}},
                     .piece_count = 1};
  input.outputs.push_back(CountingTensor({1, 5}, 10, 'a'));
  input.outputs.push_back(CountingTensor({2}, 4, 'x'));
  InputEvents events(7, std::move(input), Named({"first", ""}));
  const EventFormat format = StreamFormat("id", /*part_bytes=*/4);

  EXPECT_FALSE(events.done());
  const auto head = Read<v1::EncodeStreamResponse>(events.Next(format));
  EXPECT_EQ(head.request_id(), "id");
  EXPECT_EQ(head.input(), 7);
  EXPECT_EQ(head.encoding().status().code(), 0);
  EXPECT_EQ(head.encoding().pieces(0).text(), "a");
  EXPECT_EQ(head.encoding().piece_count(), 1);
  ASSERT_EQ(head.encoding().outputs_size(), 2);
  EXPECT_EQ(head.encoding().outputs(0).name(), "first");
  const v1::Tensor& tensor = head.encoding().outputs(0).tensor();
  EXPECT_EQ(tensor.dtype(), v1::DATA_TYPE_FLOAT16);
  EXPECT_EQ(tensor.shape(1), 5);
  EXPECT_EQ(tensor.data(), "");
  EXPECT_EQ(head.encoding().outputs(1).tensor().shape(0), 2);

  struct Expected {
    int output;
    int offset;
    std::string data;
    bool last;
  };
  for (const Expected& expected :
       {Expected{0, 0, "abcd", false}, Expected{0, 4, "efgh", false},
        Expected{0, 8, "ij", true}, Expected{1, 0, "xyz{", true}}) {
    SCOPED_TRACE(expected.data);
    ASSERT_FALSE(events.done());
    Event event = events.Next(format);
    EXPECT_EQ(event.tensor_bytes, std::ssize(expected.data));
    const auto part = Read<v1::EncodeStreamResponse>(std::move(event));
    EXPECT_EQ(part.request_id(), "id");
    EXPECT_EQ(part.input(), 7);
    EXPECT_EQ(part.part().output(), expected.output);
    EXPECT_EQ(part.part().offset(), expected.offset);
    EXPECT_EQ(part.part().data(), expected.data);
    EXPECT_EQ(part.part().last(), expected.last);
  }
  EXPECT_TRUE(events.done());
}

TEST(ReplyPartsTest, PartsAreCutAcrossBlocks) {
  HostTensor tensor = CountingTensor({5}, 10, 'a');
  const auto whole = tensor.blocks[0];
  tensor.blocks = {whole.first(2), whole.subspan(2, 4), whole.subspan(6)};
  EncodedInput input;
  input.outputs.push_back(std::move(tensor));
  InputEvents events(0, std::move(input), Named({""}));
  const EventFormat format = ChunksFormat(/*part_bytes=*/3);
  events.Next(format);
  for (const std::string expected : {"abc", "def", "ghi", "j"}) {
    ASSERT_FALSE(events.done());
    const auto part = Read<v1::EncodeChunksResponse>(events.Next(format));
    EXPECT_EQ(part.part().data(), expected);
  }
  EXPECT_TRUE(events.done());
}

TEST(ReplyPartsTest, ChunksHaveTheSameWithoutAnId) {
  EncodedInput input;
  input.outputs.push_back(CountingTensor({1}, 2, 'a'));
  InputEvents events(3, std::move(input), Named({"n"}));
  const EventFormat format = ChunksFormat(/*part_bytes=*/100);
  const auto head = Read<v1::EncodeChunksResponse>(events.Next(format));
  EXPECT_EQ(head.input(), 3);
  EXPECT_EQ(head.encoding().outputs(0).name(), "n");
  const auto part = Read<v1::EncodeChunksResponse>(events.Next(format));
  EXPECT_EQ(part.input(), 3);
  EXPECT_EQ(part.part().data(), "ab");
  EXPECT_TRUE(part.part().last());
  EXPECT_TRUE(events.done());
}

TEST(ReplyPartsTest, ATensorOfNoNumbersHasOneEmptyPart) {
  EncodedInput input;
  input.outputs.push_back({.shape = {1, 0, 3}});
  InputEvents events(0, std::move(input), Named({""}));
  const EventFormat format = ChunksFormat(4);
  const auto head = Read<v1::EncodeChunksResponse>(events.Next(format));
  EXPECT_EQ(head.encoding().outputs(0).tensor().shape(1), 0);
  const auto part = Read<v1::EncodeChunksResponse>(events.Next(format));
  EXPECT_EQ(part.event_case(), v1::EncodeChunksResponse::kPart);
  EXPECT_EQ(part.part().data(), "");
  EXPECT_TRUE(part.part().last());
  EXPECT_TRUE(events.done());
}

TEST(ReplyPartsTest, AnInputThatFailedIsItsStatus) {
  InputEvents events(1, {.status = Error(Reason::kForwardFailed, "infinite")},
                     Named({"", ""}));
  const auto head =
      Read<v1::EncodeChunksResponse>(events.Next(ChunksFormat(4)));
  EXPECT_EQ(head.encoding().status().code(), 13);
  EXPECT_EQ(head.encoding().status().message(), "infinite");
  EXPECT_EQ(head.encoding().outputs_size(), 0);
  EXPECT_TRUE(events.done());
}

TEST(ReplyPartsTest, DoneHoldsTheRestOfTheAnswer) {
  auto model = std::make_shared<Model>();
  model->id = {.name = "minilm", .version = 3};
  model->digest = "sha256:1";
  const EncodeReply reply{.model = model,
                          .outputs = nullptr,
                          .inputs = {},
                          .timings = {.total = absl::Seconds(4)}};
  const auto done =
      Read<v1::EncodeStreamResponse>(DoneEvent(StreamFormat("id", 4), reply));
  EXPECT_EQ(done.request_id(), "id");
  EXPECT_EQ(done.event_case(), v1::EncodeStreamResponse::kDone);
  EXPECT_EQ(done.done().code(), 0);
  EXPECT_EQ(done.answer().model(), "minilm");
  EXPECT_EQ(done.answer().version(), 3);
  EXPECT_EQ(done.answer().digest(), "sha256:1");
  EXPECT_EQ(done.answer().timings().total().seconds(), 4);
  const auto chunks =
      Read<v1::EncodeChunksResponse>(DoneEvent(ChunksFormat(4), reply));
  EXPECT_EQ(chunks.event_case(), v1::EncodeChunksResponse::kDone);
  EXPECT_EQ(chunks.answer().model(), "minilm");
}

TEST(ReplyPartsTest, DoneOfAFailureIsItsStatusAlone) {
  const auto done = Read<v1::EncodeStreamResponse>(
      DoneEvent(StreamFormat("id", 4), FullError("full", absl::Seconds(2))));
  EXPECT_EQ(done.request_id(), "id");
  EXPECT_EQ(done.done().code(), 8);
  EXPECT_EQ(done.done().message(), "full");
  EXPECT_EQ(done.done().details_size(), 2) << "ErrorInfo and RetryInfo";
  EXPECT_FALSE(done.has_answer());
}

TEST(ReplyPartsTest, DoesNotCopyTheNumbersAndHoldsTheirOwner) {
  EncodedInput input;
  input.outputs.push_back(CountingTensor({1000}, 2000, 1));
  const std::byte* const data = input.outputs[0].blocks[0].data();
  const std::weak_ptr<const void> owner = input.outputs[0].owner;
  Event second;
  {
    InputEvents events(0, std::move(input), Named({""}));
    const EventFormat format = ChunksFormat(1500);
    events.Next(format);
    events.Next(format);
    second = events.Next(format);
  }
  std::vector<grpc::Slice> slices;
  ASSERT_TRUE(second.message.Dump(&slices).ok());
  ASSERT_EQ(slices.size(), 2U);
  EXPECT_EQ(slices[1].begin(),
            reinterpret_cast<const std::uint8_t*>(data + 1500));
  EXPECT_EQ(slices[1].size(), 500U);
  EXPECT_FALSE(owner.expired());
  slices.clear();
  second.message.Clear();
  EXPECT_TRUE(owner.expired());
}

}  // namespace
}  // namespace strata
