// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/answer_stream.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/batch/request.h"
#include "core/engine/call.h"
#include "core/model/model.h"
#include "gmock/gmock.h"
#include "grpcpp/support/byte_buffer.h"
#include "gtest/gtest.h"
#include "server/message_bytes.h"
#include "server/reply_parts.h"
#include "server/stream_limits.h"
#include "server/stream_set.h"
#include "strata/v1/hidden_state_service.pb.h"
#include "tests/fakes/counting_tensor.h"

namespace strata {
namespace {

using testing::ElementsAre;

// Remembers what it was told, and completes nothing by itself.
class FakeWire final : public AnswerStream::Wire {
 public:
  void Read() override { ++reads; }
  void Write(const grpc::ByteBuffer* message) override {
    EXPECT_EQ(writing, nullptr) << "two writes at once";
    writing = message;
  }
  void End(const absl::Status& status) override {
    EXPECT_FALSE(end.has_value()) << "ended twice";
    end = status;
  }

  int reads = 0;
  const grpc::ByteBuffer* writing = nullptr;
  std::optional<absl::Status> end;
};

// An event in a word or two: "a:0" an input's encoding, "a:0 xy" a part of it,
// "a done 0".
std::string Summary(const v1::EncodeStreamResponse& event) {
  const std::string& id = event.request_id();
  switch (event.event_case()) {
    case v1::EncodeStreamResponse::kEncoding:
      return absl::StrCat(id, ":", event.input());
    case v1::EncodeStreamResponse::kPart:
      return absl::StrCat(id, ":", event.input(), " ", event.part().data());
    case v1::EncodeStreamResponse::kDone:
      return absl::StrCat(id, " done ", event.done().code());
    default:
      return "nothing";
  }
}

class AnswerStreamTest : public testing::Test {
 protected:
  using Request = AnswerStream::Request;

  // gRPC ends every call; a request that is never done would keep its stream.
  ~AnswerStreamTest() override {
    if (stream_ == nullptr) return;
    if (wire_.writing != nullptr) stream_->OnWriteDone(false);
    stream_->OnCancel();
  }

  void Start(
      StreamLimits limits = {.part_bytes = 2},
      AnswerStream::Failures failures = AnswerStream::Failures::kInDone) {
    limits_ = limits;
    stream_ = std::make_shared<AnswerStream>(limits, failures, wire_);
  }

  // A stream that has a request with each of these ids.
  std::vector<std::shared_ptr<Request>> StartWith(
      const std::vector<std::string>& ids,
      StreamLimits limits = {.part_bytes = 2}) {
    Start(limits);
    std::vector<std::shared_ptr<Request>> requests;
    requests.reserve(ids.size());
    stream_->ReadNext();
    for (const std::string& id : ids) requests.push_back(TakeUp(id));
    return requests;
  }

  std::shared_ptr<Request> Begin(EventFormat format,
                                 const std::string& id = "") {
    return stream_->Begin(std::make_unique<PartsEvents>(std::move(format)),
                          nullptr, id);
  }

  std::shared_ptr<Request> TakeUp(const std::string& id) {
    auto request = Begin(StreamFormat(id, limits_.part_bytes), id);
    stream_->ReadNext();
    return request;
  }

  // A tensor of one output with `bytes` bytes from 'a' on.
  static void Compute(Request& request, int input, std::size_t bytes) {
    EncodedInput result;
    result.outputs.push_back(CountingTensor({}, bytes, 'a'));
    request.OnInput(input, std::move(result),
                    std::make_shared<std::vector<OutputSpec>>(1));
  }

  static void Succeed(Request& request) {
    request.Finish(
        EncodeReply{.model = std::make_shared<Model>(), .outputs = nullptr});
  }

  // Sends the next message and returns what it was.
  std::string Send() {
    if (wire_.writing == nullptr) return "";
    grpc::ByteBuffer bytes = *std::exchange(wire_.writing, nullptr);
    v1::EncodeStreamResponse event;
    EXPECT_TRUE(ParseMessage(bytes, event));
    stream_->OnWriteDone(true);
    return Summary(event);
  }

  std::vector<std::string> SendAll() {
    std::vector<std::string> sent;
    while (wire_.writing != nullptr) sent.push_back(Send());
    return sent;
  }

  StreamLimits limits_;
  FakeWire wire_;
  std::shared_ptr<AnswerStream> stream_;
};

TEST_F(AnswerStreamTest, SendsWhatIsComputedBeforeTheRequestIsDone) {
  const auto requests = StartWith({"a"});
  Compute(*requests[0], 1, 3);
  EXPECT_THAT(SendAll(), ElementsAre("a:1", "a:1 ab", "a:1 c"));
  Compute(*requests[0], 0, 1);
  Succeed(*requests[0]);
  EXPECT_THAT(SendAll(), ElementsAre("a:0", "a:0 a", "a done 0"));
  EXPECT_FALSE(wire_.end.has_value()) << "the client may send more";
}

TEST_F(AnswerStreamTest, RequestsTakeTurns) {
  const auto requests = StartWith({"a", "b", "c"});
  Compute(*requests[0], 0, 6);
  Compute(*requests[1], 0, 2);
  Succeed(*requests[1]);
  Succeed(*requests[0]);
  EXPECT_THAT(SendAll(), ElementsAre("a:0", "b:0", "a:0 ab", "b:0 ab", "a:0 cd",
                                     "b done 0", "a:0 ef", "a done 0"));
}

TEST_F(AnswerStreamTest, EndsWhenAllIsDoneAfterAHalfClose) {
  const auto requests = StartWith({"a", "b"});
  stream_->OnHalfClose();
  Succeed(*requests[0]);
  SendAll();
  EXPECT_FALSE(wire_.end.has_value());
  Succeed(*requests[1]);
  EXPECT_FALSE(wire_.end.has_value()) << "before 'done' was sent";
  EXPECT_THAT(SendAll(), ElementsAre("b done 0"));
  EXPECT_EQ(wire_.end, absl::OkStatus());
}

TEST_F(AnswerStreamTest, AHalfCloseOfNoRequestsEndsAtOnce) {
  Start();
  stream_->ReadNext();
  stream_->OnHalfClose();
  EXPECT_EQ(wire_.end, absl::OkStatus());
}

TEST_F(AnswerStreamTest, AFailureDropsWhatIsNotSentOfThatRequestAlone) {
  const auto requests = StartWith({"a", "b"});
  Compute(*requests[0], 0, 6);
  Compute(*requests[1], 0, 1);
  EXPECT_EQ(Send(), "a:0");
  requests[0]->Finish(Error(Reason::kServerStopping, "stopping"));
  EXPECT_THAT(SendAll(), ElementsAre("b:0", "a done 14", "b:0 a"));
  EXPECT_FALSE(wire_.end.has_value());
}

TEST_F(AnswerStreamTest, AFailureCanEndTheCallInstead) {
  Start({.part_bytes = 2}, AnswerStream::Failures::kEndCall);
  const auto request = Begin(ChunksFormat(2));
  stream_->OnHalfClose();
  Compute(*request, 0, 6);
  ASSERT_NE(wire_.writing, nullptr);
  request->Finish(Error(Reason::kServerStopping, "stopping"));
  EXPECT_FALSE(wire_.end.has_value()) << "while a message is being sent";
  wire_.writing = nullptr;
  stream_->OnWriteDone(true);
  EXPECT_EQ(wire_.writing, nullptr) << "the rest is dropped";
  EXPECT_EQ(ReasonOf(wire_.end.value_or(absl::OkStatus())),
            Reason::kServerStopping);
}

TEST_F(AnswerStreamTest, ReadsUntilTooManyRequestsAreUnderWay) {
  const auto requests =
      StartWith({"a", "b"}, {.max_requests = 2, .part_bytes = 2});
  EXPECT_EQ(wire_.reads, 2);
  Succeed(*requests[0]);
  EXPECT_EQ(wire_.reads, 2) << "its 'done' is not sent yet";
  Send();
  EXPECT_EQ(wire_.reads, 3);
}

TEST_F(AnswerStreamTest, ReadsUntilTooManyRequestsAreNotTokenized) {
  std::vector<std::shared_ptr<Request>> requests = StartWith({});
  for (int i = 0; i < 16; ++i) requests.push_back(TakeUp(absl::StrCat(i)));
  EXPECT_EQ(wire_.reads, 16);
  bool went = false;
  requests[5]->AwaitRoom(10, [&went] { went = true; });
  EXPECT_TRUE(went);
  EXPECT_EQ(wire_.reads, 17);
}

// The reader that does not read: nothing is granted beyond the bound, so
// nothing is computed, and nothing is read, until something has been sent.
TEST_F(AnswerStreamTest, WhatIsNotSentHoldsBackWhatIsComputedAndRead) {
  const auto requests =
      StartWith({"a", "b", "c"}, {.max_buffer_bytes = 10, .part_bytes = 2});
  std::vector<std::string> went;
  requests[0]->AwaitRoom(6, [&] { went.emplace_back("a"); });
  requests[1]->AwaitRoom(6, [&] { went.emplace_back("b"); });
  requests[2]->AwaitRoom(1, [&] { went.emplace_back("c"); });
  EXPECT_THAT(went, ElementsAre("a")) << "and not c before b";
  EXPECT_EQ(wire_.reads, 4);
  TakeUp("d");
  EXPECT_EQ(wire_.reads, 4) << "while a request waits for room";

  Compute(*requests[0], 0, 6);
  EXPECT_EQ(Send(), "a:0");
  EXPECT_THAT(went, ElementsAre("a"));
  EXPECT_EQ(Send(), "a:0 ab");
  EXPECT_THAT(went, ElementsAre("a", "b")) << "4 and 6 bytes are held";
  EXPECT_EQ(Send(), "a:0 cd");
  EXPECT_THAT(went, ElementsAre("a", "b", "c"));
  EXPECT_EQ(wire_.reads, 5);
}

TEST_F(AnswerStreamTest, AnAnswerLargerThanTheBoundGoesAlone) {
  const auto requests =
      StartWith({"a", "b", "c"}, {.max_buffer_bytes = 10, .part_bytes = 64});
  std::vector<std::string> went;
  requests[0]->AwaitRoom(1, [&] { went.emplace_back("a"); });
  requests[1]->AwaitRoom(99, [&] { went.emplace_back("b"); });
  requests[2]->AwaitRoom(1, [&] { went.emplace_back("c"); });
  EXPECT_THAT(went, ElementsAre("a"));
  Compute(*requests[0], 0, 1);
  Succeed(*requests[0]);
  SendAll();
  EXPECT_THAT(went, ElementsAre("a", "b"));
  // What failed gives its room back with its 'done'.
  requests[1]->Finish(Error(Reason::kServerStopping, "stopping"));
  EXPECT_THAT(went, ElementsAre("a", "b"));
  EXPECT_THAT(SendAll(), ElementsAre("b done 14"));
  EXPECT_THAT(went, ElementsAre("a", "b", "c"));
}

// An input that failed sends no tensor.
TEST_F(AnswerStreamTest, RoomThatWasNotUsedIsGivenBackInTheEnd) {
  const auto requests =
      StartWith({"a", "b"}, {.max_buffer_bytes = 10, .part_bytes = 64});
  bool went = false;
  requests[0]->AwaitRoom(10, [] {});
  requests[1]->AwaitRoom(10, [&went] { went = true; });
  requests[0]->OnInput(0, {.status = Error(Reason::kForwardFailed, "no")},
                       nullptr);
  Succeed(*requests[0]);
  EXPECT_EQ(Send(), "a:0");
  EXPECT_FALSE(went);
  EXPECT_EQ(Send(), "a done 0");
  EXPECT_TRUE(went);
}

// Not until the write has ended: the client has read 'done' before that, and
// may use the id again.
TEST_F(AnswerStreamTest, AnIdIsInUseUntilItsDoneIsOnItsWay) {
  const auto requests = StartWith({"a", "b"});
  EXPECT_TRUE(stream_->InUse("a"));
  EXPECT_FALSE(stream_->InUse("c"));
  Compute(*requests[1], 0, 1);
  Succeed(*requests[0]);
  EXPECT_TRUE(stream_->InUse("a"));
  EXPECT_EQ(Send(), "b:0");
  ASSERT_NE(wire_.writing, nullptr) << "it is a's turn";
  EXPECT_FALSE(stream_->InUse("a"));
  EXPECT_TRUE(stream_->InUse("b"));
  EXPECT_EQ(Send(), "a done 0");
  EXPECT_FALSE(stream_->InUse("a"));
}

TEST_F(AnswerStreamTest, CancelLetsGoOfEverything) {
  const auto requests =
      StartWith({"a", "b"}, {.max_buffer_bytes = 4, .part_bytes = 2});
  bool stopped_first = false;
  requests[0]->AwaitRoom(4, [] {});
  requests[1]->AwaitRoom(4, [&, stop = stream_->stop_token()] {
    stopped_first = stop.stop_requested();
    requests[1]->Finish(Error(Reason::kCallerCancelled, "gone"));
  });
  EncodedInput result;
  result.outputs.push_back(CountingTensor({}, 4, 'a'));
  const std::weak_ptr<const void> memory = result.outputs[0].owner;
  requests[0]->OnInput(0, std::move(result),
                       std::make_shared<std::vector<OutputSpec>>(1));
  stream_->OnCancel();
  EXPECT_TRUE(stopped_first);
  EXPECT_TRUE(memory.expired());
  EXPECT_FALSE(wire_.end.has_value()) << "while a message is being sent";
  wire_.writing = nullptr;
  stream_->OnWriteDone(false);
  EXPECT_TRUE(wire_.end.has_value());
  // The engine may still be at it.
  Compute(*requests[0], 1, 4);
  Succeed(*requests[0]);
  EXPECT_EQ(wire_.writing, nullptr);
  EXPECT_EQ(Begin(StreamFormat("c", 2), "c"), nullptr);
}

TEST_F(AnswerStreamTest, AFailedWriteIsACancel) {
  const auto requests = StartWith({"a"});
  Compute(*requests[0], 0, 4);
  wire_.writing = nullptr;
  stream_->OnWriteDone(false);
  EXPECT_TRUE(stream_->stop_token().stop_requested());
  EXPECT_TRUE(wire_.end.has_value());
}

TEST_F(AnswerStreamTest, StopReadingEndsAfterWhatIsUnderWay) {
  const auto requests = StartWith({"a"});
  stream_->StopReading(Error(Reason::kMalformedMessage, "bytes"));
  EXPECT_EQ(Begin(StreamFormat("b", 2), "b"), nullptr);
  EXPECT_FALSE(wire_.end.has_value());
  Succeed(*requests[0]);
  EXPECT_THAT(SendAll(), ElementsAre("a done 0"));
  EXPECT_EQ(ReasonOf(wire_.end.value_or(absl::OkStatus())),
            Reason::kMalformedMessage);
}

TEST_F(AnswerStreamTest, NothingKeepsAStreamThatIsDone) {
  auto requests = StartWith({"a"});
  Succeed(*requests[0]);
  SendAll();
  const std::weak_ptr<AnswerStream> stream = stream_;
  stream_.reset();
  requests.clear();
  EXPECT_TRUE(stream.expired());
}

class StreamSetTest : public AnswerStreamTest {};

TEST_F(StreamSetTest, EndsIdleStreamsAtOnceAndLaterOnesToo) {
  StreamSet streams;
  Start();
  streams.Add(stream_, absl::UnixEpoch());
  stream_->ReadNext();
  streams.EndAll();
  EXPECT_EQ(ReasonOf(wire_.end.value_or(absl::OkStatus())),
            Reason::kServerStopping);
  EXPECT_EQ(wire_.end.value_or(absl::OkStatus()).message(),
            "the server is stopping; send what has no 'done' again");
  FakeWire late_wire;
  const auto late = std::make_shared<AnswerStream>(
      StreamLimits{}, AnswerStream::Failures::kInDone, late_wire);
  streams.Add(late, absl::UnixEpoch());
  EXPECT_TRUE(late_wire.end.has_value());
  late->ReadNext();
  EXPECT_EQ(late_wire.reads, 0);
}

TEST_F(StreamSetTest, AClientThatHadSentItsLastGetsOk) {
  StreamSet streams;
  const auto requests = StartWith({"a"});
  streams.Add(stream_, absl::UnixEpoch());
  streams.EndAll();
  stream_->OnHalfClose();
  Succeed(*requests[0]);
  SendAll();
  EXPECT_EQ(wire_.end, absl::OkStatus());
}

TEST_F(StreamSetTest, LeavesStreamsAloneThatWereRemoved) {
  StreamSet streams;
  Start();
  streams.Add(stream_, absl::UnixEpoch());
  streams.Remove(stream_);
  streams.EndAll();
  EXPECT_FALSE(wire_.end.has_value());
}

TEST_F(StreamSetTest, LeavesStreamsAloneThatAreNotOld) {
  StreamSet streams;
  Start();
  streams.Add(stream_, absl::UnixEpoch());
  streams.EndOld(absl::UnixEpoch() - absl::Nanoseconds(1));
  stream_->ReadNext();
  EXPECT_EQ(wire_.reads, 1);
  EXPECT_FALSE(wire_.end.has_value());
}

TEST_F(StreamSetTest, AllAreReadNoMoreWhereTheServerIsAboutToStop) {
  StreamSet streams;
  Start();
  streams.Add(stream_, absl::UnixEpoch());
  streams.QuietAll();
  stream_->ReadNext();
  EXPECT_EQ(wire_.reads, 0);
  EXPECT_FALSE(wire_.end.has_value());
  streams.EndAll();
  EXPECT_TRUE(wire_.end.has_value());
}

// Its client falls silent before the connection goes.
TEST_F(StreamSetTest, AnOldStreamIsFirstReadNoMore) {
  StreamSet streams;
  Start();
  stream_->ReadNext();
  streams.Add(stream_, absl::UnixEpoch());
  streams.EndOld(absl::UnixEpoch());
  // What was being read is still taken up.
  const auto request = TakeUp("a");
  ASSERT_NE(request, nullptr);
  EXPECT_EQ(wire_.reads, 1);
  Succeed(*request);
  EXPECT_THAT(SendAll(), ElementsAre("a done 0"));
  streams.EndOld(absl::UnixEpoch() + StreamSet::kQuiet - absl::Nanoseconds(1));
  EXPECT_EQ(wire_.reads, 1);
  EXPECT_FALSE(wire_.end.has_value());
  streams.EndOld(absl::UnixEpoch() + StreamSet::kQuiet);
  EXPECT_TRUE(wire_.end.has_value());
}

TEST_F(StreamSetTest, AnOldStreamEndsAfterWhatIsUnderWay) {
  StreamSet streams;
  const auto requests = StartWith({"a"});
  FakeWire young_wire;
  const auto young = std::make_shared<AnswerStream>(
      StreamLimits{}, AnswerStream::Failures::kInDone, young_wire);
  streams.Add(stream_, absl::UnixEpoch());
  streams.Add(young, absl::UnixEpoch() + absl::Nanoseconds(1));
  streams.EndOld(absl::UnixEpoch() + StreamSet::kQuiet);
  EXPECT_EQ(Begin(StreamFormat("b", 2), "b"), nullptr);
  EXPECT_FALSE(wire_.end.has_value()) << "a request is under way";
  Succeed(*requests[0]);
  EXPECT_THAT(SendAll(), ElementsAre("a done 0"));
  const absl::Status end = wire_.end.value_or(absl::OkStatus());
  EXPECT_EQ(ReasonOf(end), Reason::kServerStopping);
  EXPECT_EQ(end.message(),
            "the stream is as old as a connection may be; open another, and "
            "send what has no 'done' again");
  EXPECT_FALSE(young_wire.end.has_value());
}

}  // namespace
}  // namespace strata
