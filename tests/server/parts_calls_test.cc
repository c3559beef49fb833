// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// EncodeChunks and EncodeStream over a real connection. When what is sent and
// read is answer_stream_test.cc's.

#include "server/parts_calls.h"

#include <chrono>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/engine/engine.h"
#include "gmock/gmock.h"
#include "google/protobuf/stubs/logging.h"
#include "grpc/impl/codegen/grpc_types.h"
#include "grpcpp/client_context.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"
#include "grpcpp/support/status.h"
#include "grpcpp/support/sync_stream.h"
#include "gtest/gtest.h"
#include "prometheus/text_serializer.h"
#include "server/grpc_server.h"
#include "server/stream_limits.h"
#include "server/stream_set.h"
#include "strata/reassembly.h"
#include "strata/v1/hidden_state_service.pb.h"
#include "tests/fakes/puppet_model.h"
#include "tests/server/server_fixture.h"
#include "tests/server/wire_error.h"

namespace strata {
namespace {

using grpc::StatusCode;
using testing::HasSubstr;

constexpr const char* kChunks = "/strata.v1.HiddenStateService/EncodeChunks";
constexpr std::int64_t kDefaultMessage = std::int64_t{64} << 20;

class PartsFixture : public ServerFixture {
 protected:
  // A model that computes one input at a time, on the test's strings.
  void AddNarrowModel() {
    const auto model = MakePuppetModel("narrow", strings_);
    model->plan_limits.max_rows = 1;
    registry_.SetLoading(model->id);
    ASSERT_TRUE(registry_.SetReady(model).ok());
  }

  void RestartWith(const StreamLimits& limits,
                   const EngineOptions& options = {}) {
    Restart(options, kDefaultMessage, limits);
  }
};

class ChunksTest : public PartsFixture {
 protected:
  void Start(const std::string& request) {
    *message_.mutable_request() = FromText<v1::EncodeRequest>(request);
    reader_ = hidden_states_->EncodeChunks(&context_, message_);
  }

  // The next event; an empty one at the end.
  v1::EncodeChunksResponse Next() {
    v1::EncodeChunksResponse event;
    if (!reader_->Read(&event)) event.Clear();
    return event;
  }

  // Reads to the end.
  v1::EncodeResponse Reassemble() {
    Reassembly answer(message_.request().inputs_size());
    v1::EncodeChunksResponse event;
    while (reader_->Read(&event)) {
      const absl::Status added = answer.Add(event);
      EXPECT_TRUE(added.ok()) << added;
    }
    const grpc::Status status = reader_->Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
    auto response = answer.Take();
    EXPECT_TRUE(response.ok()) << response.status();
    return response.value_or(v1::EncodeResponse());
  }

  grpc::ClientContext context_;
  v1::EncodeChunksRequest message_;
  std::unique_ptr<grpc::ClientReader<v1::EncodeChunksResponse>> reader_;
};

constexpr const char* kManyOutputs = R"(
    inputs { text: 'A' } inputs { pieces { ids: 5 ids: 6 ids: 7 } }
    inputs { text: 'long' spans { begin: 1 end: 3 } }
    outputs { name: 'all' layers: 0 layers: 1 layers: 2 layers: -1 }
    outputs { name: 'mean' pooling: POOLING_MEAN dimensions: 1 }
    return_pieces: true)";

// A request whose answer has so many tensors of 512 bytes.
std::string WithOutputs(int count) {
  std::string request = "inputs { text: '01234567890123' }";
  for (int i = 0; i < count; ++i) {
    request += "outputs { layers: 0 layers: 1 layers: 2 layers: 3 }";
  }
  return request;
}

// Parts of 10 bytes end inside numbers.
TEST_F(ChunksTest, PutTogetherTheAnswerIsThatOfEncode) {
  RestartWith({.part_bytes = 10});
  const v1::EncodeResponse whole = Encode(kManyOutputs);
  ASSERT_TRUE(status().ok());
  Start(kManyOutputs);
  EXPECT_EQ(Reassemble().DebugString(), whole.DebugString());
}

TEST_F(ChunksTest, ComesInParts) {
  RestartWith({.part_bytes = 10});
  Start("inputs { text: 'A' }");
  const v1::EncodeChunksResponse head = Next();
  EXPECT_EQ(head.encoding().piece_count(), 3);
  EXPECT_EQ(head.encoding().outputs(0).tensor().shape(1), 3);
  EXPECT_EQ(head.encoding().outputs(0).tensor().data(), "");
  for (const int offset : {0, 10, 20}) {
    const v1::EncodeChunksResponse part = Next();
    EXPECT_EQ(part.part().offset(), offset);
    EXPECT_EQ(part.part().data().size(), offset == 20 ? 4 : 10);
    EXPECT_EQ(part.part().last(), offset == 20);
  }
  const v1::EncodeChunksResponse done = Next();
  EXPECT_EQ(done.event_case(), v1::EncodeChunksResponse::kDone);
  EXPECT_EQ(done.done().code(), 0);
  EXPECT_EQ(done.answer().digest(), "sha256:puppet");
  EXPECT_EQ(Next().event_case(), v1::EncodeChunksResponse::EVENT_NOT_SET);
  EXPECT_TRUE(reader_->Finish().ok());
}

TEST_F(ChunksTest, AnInputComesBeforeTheNextIsComputed) {
  AddNarrowModel();
  strings_->Hold();
  Start("model: 'narrow' inputs { text: 'a' } inputs { text: 'b' }");
  strings_->Release(1);
  EXPECT_TRUE(Next().has_encoding());
  EXPECT_TRUE(Next().part().last());
  strings_->ReleaseAll();
  EXPECT_TRUE(Next().has_encoding());
  EXPECT_TRUE(Next().part().last());
  EXPECT_TRUE(Next().has_done());
  EXPECT_TRUE(reader_->Finish().ok());
}

TEST_F(ChunksTest, AnInputThatFailsLeavesTheOthers) {
  strings_->FailOn(200, Error(Reason::kForwardFailed, "as told"));
  Start("inputs { pieces { ids: 3 } } inputs { pieces { ids: 200 } }");
  const v1::EncodeResponse response = Reassemble();
  ASSERT_EQ(response.encodings_size(), 2);
  EXPECT_EQ(response.encodings(0).status().code(), 0);
  EXPECT_EQ(response.encodings(0).outputs(0).tensor().data().size(), 8);
  EXPECT_EQ(ReadError(response.encodings(1).status()).reason, "FORWARD_FAILED");
  EXPECT_EQ(response.encodings(1).outputs_size(), 0);
}

TEST_F(ChunksTest, ARequestThatFailsIsTheCallsStatus) {
  Start("model: 'x' inputs { text: 'A' }");
  EXPECT_EQ(Next().event_case(), v1::EncodeChunksResponse::EVENT_NOT_SET);
  ExpectError(reader_->Finish(), StatusCode::NOT_FOUND, "MODEL_NOT_FOUND", "",
              "no model \"x\"");
  ExpectServes();
}

TEST_F(ChunksTest, AFieldOfTheRequestIsNamedAsEncodeNamesIt) {
  Start("inputs { text: 'a' } outputs { layers: 4 }");
  ExpectError(reader_->Finish(), StatusCode::INVALID_ARGUMENT, "INVALID_FIELD",
              "outputs[0].layers[0]", "got layer 4, expected one from -4 to 3");
  ExpectServes();
}

TEST_F(ChunksTest, BytesThatAreNoMessage) {
  ExpectError(
      CallRaw(kChunks, "\x0A\x7F"), StatusCode::INVALID_ARGUMENT,
      "MALFORMED_MESSAGE", "",
      "the request's 2 bytes are not a valid strata.v1.EncodeChunksRequest");
  ExpectError(CallRaw(kChunks, ""), StatusCode::INVALID_ARGUMENT,
              "INVALID_FIELD", "inputs", "at least one");
  ExpectServes();
}

TEST_F(ChunksTest, AFailureAfterTheFirstEventsIsTheCallsStatusToo) {
  AddNarrowModel();
  strings_->Hold();
  Start(
      "model: 'narrow' inputs { text: 'a' } inputs { text: 'b' }"
      "inputs { text: 'c' }");
  strings_->Release(1);
  EXPECT_TRUE(Next().has_encoding());
  EXPECT_TRUE(Next().part().last());
  // The second is inside the runner now, the third waits.
  strings_->AwaitEntered(2);
  engine_->Stop();
  strings_->ReleaseAll();
  while (Next().event_case() != v1::EncodeChunksResponse::EVENT_NOT_SET) {
  }
  ExpectError(reader_->Finish(), StatusCode::UNAVAILABLE, "SERVER_STOPPING", "",
              "stopping");
}

TEST_F(ChunksTest, MayBeLargerThanAnAnswerOfEncode) {
  Restart({.max_reply_bytes = 24});
  Encode("inputs { text: 'ab' }");
  ExpectError(status(), StatusCode::FAILED_PRECONDITION, "REPLY_TOO_LARGE", "",
              "or use EncodeChunks");
  Start("inputs { text: 'ab' }");
  EXPECT_EQ(Reassemble().encodings(0).outputs(0).tensor().data().size(), 32);
}

TEST_F(ChunksTest, HasABoundOfItsOwn) {
  Restart({.max_stream_reply_bytes = 24});
  Start("inputs { text: 'ab' }");
  ExpectError(reader_->Finish(), StatusCode::FAILED_PRECONDITION,
              "REPLY_TOO_LARGE", "",
              "the answer would hold 32 bytes of tensors, at most 24 are "
              "allowed; ask for fewer layers, a pooling, FLOAT16 or fewer "
              "inputs");
  ExpectServes();
}

TEST_F(ChunksTest, ACallerThatGoesAwayLeavesTheQueue) {
  AddNarrowModel();
  strings_->Hold();
  Start("model: 'narrow' inputs { text: 'a' } inputs { text: 'b' }");
  observer_.AwaitQueueDepth(1);
  strings_->AwaitEntered(1);
  context_.TryCancel();
  EXPECT_EQ(reader_->Finish().error_code(), StatusCode::CANCELLED);
  observer_.AwaitQueueDepth(0);
  strings_->ReleaseAll();
  observer_.AwaitDone(absl::StatusCode::kCancelled);
  ExpectServes();
  EXPECT_EQ(strings_->batches().size(), 2U) << "the second input never ran";
}

TEST_F(ChunksTest, CountsAsARequest) {
  Start("inputs { text: 'A' }");
  Reassemble();
  CallRaw(kChunks, "\x0A\x7F");
  const std::string text =
      prometheus::TextSerializer().Serialize(metrics_.registry()->Collect());
  EXPECT_THAT(
      text, HasSubstr(R"(strata_requests_total{code="OK",model="puppet"} 1)"));
  EXPECT_THAT(
      text,
      HasSubstr(R"(strata_rejections_total{reason="MALFORMED_MESSAGE"} 1)"));
}

class StreamTest : public PartsFixture {
 protected:
  StreamTest() {
    // Some requests here are not UTF-8, which protobuf would complain about.
    google::protobuf::SetLogHandler(nullptr);
  }

  void Open() { stream_ = hidden_states_->EncodeStream(&context_); }

  void Send(const std::string& id, const std::string& request) {
    v1::EncodeStreamRequest message;
    message.set_request_id(id);
    *message.mutable_request() = FromText<v1::EncodeRequest>(request);
    inputs_[id] = message.request().inputs_size();
    ASSERT_TRUE(stream_->Write(message));
  }

  // Reads until a request is done, and returns its id; "" at the end.
  std::string NextDone() {
    v1::EncodeStreamResponse event;
    while (stream_->Read(&event)) {
      const std::string id = event.request_id();
      if (event.has_done() && event.done().code() != 0) {
        failed_[id] = ReadError(event.done());
        return id;
      }
      auto& answer =
          answers_.try_emplace(id, Reassembly(inputs_[id])).first->second;
      const absl::Status added = answer.Add(event);
      EXPECT_TRUE(added.ok()) << added;
      if (answer.done()) return id;
    }
    return "";
  }

  v1::EncodeResponse Answer(const std::string& id) {
    auto response = answers_.at(id).Take();
    EXPECT_TRUE(response.ok()) << response.status();
    return response.value_or(v1::EncodeResponse());
  }

  void ExpectFailed(const std::string& id, StatusCode code,
                    const std::string& reason, const std::string& field,
                    const std::string& text) {
    SCOPED_TRACE(id);
    ASSERT_EQ(failed_.count(id), 1U);
    EXPECT_EQ(failed_[id].code, code);
    EXPECT_EQ(failed_[id].reason, reason);
    EXPECT_EQ(failed_[id].field, field);
    EXPECT_THAT(failed_[id].message, HasSubstr(text));
  }

  // Half-closes and expects that nothing more comes but OK.
  void ExpectEndsWell() {
    stream_->WritesDone();
    EXPECT_EQ(NextDone(), "");
    const grpc::Status status = stream_->Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
  }

  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::EncodeStreamRequest,
                                           v1::EncodeStreamResponse>>
      stream_;
  std::map<std::string, int> inputs_;
  std::map<std::string, Reassembly> answers_;
  std::map<std::string, WireError> failed_;
};

TEST_F(StreamTest, AnswersAreThoseOfEncode) {
  RestartWith({.part_bytes = 10});
  const v1::EncodeResponse whole = Encode(kManyOutputs);
  Open();
  Send("one", kManyOutputs);
  EXPECT_EQ(NextDone(), "one");
  EXPECT_EQ(Answer("one").DebugString(), whole.DebugString());
  ExpectEndsWell();
}

TEST_F(StreamTest, ManyRequestsAreAllAnswered) {
  RestartWith({.max_requests = 8, .max_buffer_bytes = 100, .part_bytes = 10});
  Open();
  std::jthread sender([this] {
    for (int i = 0; i < 300; ++i) {
      v1::EncodeStreamRequest message;
      message.set_request_id(absl::StrCat(i));
      message.mutable_request()->add_inputs()->mutable_pieces()->add_ids(i %
                                                                         250);
      EXPECT_TRUE(stream_->Write(message));
    }
    stream_->WritesDone();
  });
  for (int i = 0; i < 300; ++i) inputs_[absl::StrCat(i)] = 1;
  int done = 0;
  while (!NextDone().empty()) ++done;
  EXPECT_EQ(done, 300);
  sender.join();
  const grpc::Status status = stream_->Finish();
  EXPECT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(answers_.size(), 300U);
  for (const int i : {0, 123, 299}) {
    const float number = 3000.0F + static_cast<float>(i % 250);
    float first = 0;
    const std::string data =
        Answer(absl::StrCat(i)).encodings(0).outputs(0).tensor().data();
    ASSERT_EQ(data.size(), 8U);
    std::memcpy(&first, data.data(), sizeof(first));
    EXPECT_EQ(first, number);
  }
}

// The large one fills what the connection takes long before it is sent.
TEST_F(StreamTest, ASmallAnswerOvertakesALargeOne) {
  RestartWith({.part_bytes = 1000});
  strings_->Hold();
  Open();
  const std::string large = WithOutputs(10000);
  Send("large", large);
  strings_->AwaitEntered(1);
  Send("small", "inputs { text: 'a' }");
  observer_.AwaitQueueDepth(1);
  strings_->ReleaseAll();
  EXPECT_EQ(NextDone(), "small");
  EXPECT_EQ(NextDone(), "large");
  EXPECT_EQ(Answer("large").encodings(0).outputs_size(), 10000);
  ExpectEndsWell();
}

TEST_F(StreamTest, AFailedRequestLeavesTheStream) {
  Open();
  Send("bad", "inputs { text: 'a' } outputs { layers: 9 }");
  EXPECT_EQ(NextDone(), "bad");
  ExpectFailed("bad", StatusCode::INVALID_ARGUMENT, "INVALID_FIELD",
               "outputs[0].layers[0]", "got layer 9");
  Send("nothing", "");
  EXPECT_EQ(NextDone(), "nothing");
  ExpectFailed("nothing", StatusCode::INVALID_ARGUMENT, "INVALID_FIELD",
               "inputs", "at least one");
  Send("neither", "inputs {}");
  EXPECT_EQ(NextDone(), "neither");
  ExpectFailed("neither", StatusCode::INVALID_ARGUMENT, "INVALID_FIELD",
               "inputs[0]", "neither text nor pieces");
  Send("good", "inputs { text: 'a' }");
  EXPECT_EQ(NextDone(), "good");
  ExpectEndsWell();
}

TEST_F(StreamTest, AnEmptyId) {
  Open();
  Send("", "inputs { text: 'a' }");
  EXPECT_EQ(NextDone(), "");
  ExpectFailed("", StatusCode::INVALID_ARGUMENT, "INVALID_FIELD", "request_id",
               "empty; each request of a stream needs one");
  Send("good", "inputs { text: 'a' }");
  EXPECT_EQ(NextDone(), "good");
  ExpectEndsWell();
}

TEST_F(StreamTest, AnIdThatIsInUse) {
  strings_->Hold();
  Open();
  Send("x", "inputs { text: 'a' }");
  strings_->AwaitEntered(1);
  Send("x", "inputs { text: 'a' }");
  EXPECT_EQ(NextDone(), "x");
  ExpectFailed("x", StatusCode::INVALID_ARGUMENT, "INVALID_FIELD", "request_id",
               "in use by a request of this stream that is not done");
  strings_->ReleaseAll();
  EXPECT_EQ(NextDone(), "x");
  EXPECT_EQ(Answer("x").encodings_size(), 1);
  answers_.clear();
  // It is free again.
  Send("x", "inputs { text: 'a' }");
  EXPECT_EQ(NextDone(), "x");
  EXPECT_EQ(Answer("x").encodings_size(), 1);
  ExpectEndsWell();
}

TEST_F(StreamTest, BytesThatAreNoMessageEndTheStreamAfterWhatIsUnderWay) {
  strings_->Hold();
  Open();
  Send("good", "inputs { text: 'a' }");
  strings_->AwaitEntered(1);
  v1::EncodeStreamRequest message;
  message.set_request_id("\xFF");
  ASSERT_TRUE(stream_->Write(message));
  observer_.AwaitDone(absl::StatusCode::kInvalidArgument);
  strings_->ReleaseAll();
  EXPECT_EQ(NextDone(), "good");
  EXPECT_EQ(NextDone(), "");
  ExpectError(stream_->Finish(), StatusCode::INVALID_ARGUMENT,
              "MALFORMED_MESSAGE", "",
              "the request's 3 bytes are not a valid "
              "strata.v1.EncodeStreamRequest");
  ExpectServes();
}

TEST_F(StreamTest, AnIdThatIsTooLongEndsTheStream) {
  Open();
  Send(std::string(256, 'x'), "inputs { text: 'a' }");
  EXPECT_EQ(NextDone(), std::string(256, 'x'));
  Send(std::string(257, 'x'), "inputs { text: 'a' }");
  EXPECT_EQ(NextDone(), "");
  ExpectError(stream_->Finish(), StatusCode::INVALID_ARGUMENT, "INVALID_FIELD",
              "request_id", "got 257 bytes, at most 256 are allowed");
  ExpectServes();
}

TEST_F(StreamTest, AStreamOfNothingEndsWell) {
  Open();
  ExpectEndsWell();
}

TEST_F(StreamTest, AFullServerSaysWhenToTryAgain) {
  Restart({.max_requests = 1});
  strings_->Hold();
  Open();
  Send("first", "inputs { text: 'a' }");
  strings_->AwaitEntered(1);
  Send("second", "inputs { text: 'a' }");
  EXPECT_EQ(NextDone(), "second");
  ExpectFailed("second", StatusCode::RESOURCE_EXHAUSTED, "SERVER_FULL", "",
               "1 requests are in flight");
  EXPECT_GT(failed_["second"].retry_after, absl::ZeroDuration());
  strings_->ReleaseAll();
  EXPECT_EQ(NextDone(), "first");
  ExpectEndsWell();
}

TEST_F(StreamTest, TheStreamsDeadlineIsEachRequests) {
  strings_->Hold();
  context_.set_deadline(std::chrono::system_clock::now() +
                        std::chrono::hours(1));
  Open();
  Send("runs", "inputs { text: 'a' }");
  strings_->AwaitEntered(1);
  Send("waits", "inputs { text: 'a' }");
  // Once the queue has it, the engine's clock passes the caller's hour.
  observer_.AwaitQueueDepth(1);
  clock_.Advance(absl::Hours(2));
  strings_->ReleaseAll();
  EXPECT_NE(NextDone(), "");
  EXPECT_NE(NextDone(), "");
  ExpectFailed("runs", StatusCode::DEADLINE_EXCEEDED, "DEADLINE_PASSED", "",
               "was computed");
  ExpectFailed("waits", StatusCode::DEADLINE_EXCEEDED, "DEADLINE_PASSED", "",
               "deadline");
  ExpectEndsWell();
}

TEST_F(StreamTest, ACallerThatGoesAwayLeavesTheQueue) {
  strings_->Hold();
  Open();
  Send("runs", "inputs { text: 'a' }");
  strings_->AwaitEntered(1);
  Send("waits", "inputs { text: 'a' }");
  observer_.AwaitQueueDepth(1);
  context_.TryCancel();
  EXPECT_EQ(stream_->Finish().error_code(), StatusCode::CANCELLED);
  observer_.AwaitQueueDepth(0);
  strings_->ReleaseAll();
  ExpectServes();
  EXPECT_EQ(strings_->batches().size(), 2U) << "what waited never ran";
}

// A client that keeps its stream open would hold the shutdown for ever.
TEST_F(StreamTest, AnIdleStreamIsEndedByTheShutdown) {
  Open();
  Send("a", "inputs { text: 'a' }");
  EXPECT_EQ(NextDone(), "a");
  const std::jthread shutdown([this] { server_->Shutdown(absl::Hours(1)); });
  EXPECT_EQ(NextDone(), "");
  ExpectError(stream_->Finish(), StatusCode::UNAVAILABLE, "SERVER_STOPPING", "",
              "send what has no 'done' again");
}

TEST_F(StreamTest, AShutdownWaitsForWhatIsUnderWay) {
  strings_->Hold();
  Open();
  Send("a", "inputs { text: 'a' }");
  strings_->AwaitEntered(1);
  const std::jthread shutdown([this] { server_->Shutdown(absl::Hours(1)); });
  strings_->ReleaseAll();
  EXPECT_EQ(NextDone(), "a");
  EXPECT_EQ(Answer("a").encodings_size(), 1);
  EXPECT_EQ(NextDone(), "");
  ExpectError(stream_->Finish(), StatusCode::UNAVAILABLE, "SERVER_STOPPING", "",
              "stopping");
}

TEST_F(StreamTest, AShutdownCancelsWhatIsLeftAtItsEnd) {
  strings_->Hold();
  Open();
  Send("runs", "inputs { text: 'a' }");
  strings_->AwaitEntered(1);
  Send("waits", "inputs { text: 'a' }");
  observer_.AwaitQueueDepth(1);
  const std::jthread shutdown(
      [this] { server_->Shutdown(absl::ZeroDuration()); });
  EXPECT_EQ(NextDone(), "");
  EXPECT_FALSE(stream_->Finish().ok());
  strings_->ReleaseAll();
}

// gRPC only tells a client to connect anew; one that keeps its stream would
// stay for ever.
TEST_F(StreamTest, AStreamThatIsOldMovesOnAfterWhatIsUnderWay) {
  RestartServer({.max_connection_age = absl::Hours(1)});
  strings_->Hold();
  Open();
  Send("a", "inputs { text: 'a' }");
  strings_->AwaitEntered(1);
  clock_.Advance(absl::Hours(1) + StreamSet::kQuiet);
  server_->EndOldStreams();
  strings_->ReleaseAll();
  EXPECT_EQ(NextDone(), "a");
  EXPECT_EQ(Answer("a").encodings_size(), 1);
  EXPECT_EQ(NextDone(), "");
  ExpectError(stream_->Finish(), StatusCode::UNAVAILABLE, "SERVER_STOPPING", "",
              "the stream is as old as a connection may be; open another");
  ExpectServes();
}

TEST_F(StreamTest, AStreamThatIsYoungStays) {
  RestartServer({.max_connection_age = absl::Hours(1)});
  Open();
  Send("a", "inputs { text: 'a' }");
  EXPECT_EQ(NextDone(), "a");
  clock_.Advance(absl::Minutes(59));
  server_->EndOldStreams();
  Send("b", "inputs { text: 'a' }");
  EXPECT_EQ(NextDone(), "b");
  ExpectEndsWell();
}

TEST_F(StreamTest, WithoutAMaximumAgeNoStreamIsOld) {
  Open();
  Send("a", "inputs { text: 'a' }");
  EXPECT_EQ(NextDone(), "a");
  clock_.Advance(absl::Hours(1000));
  server_->EndOldStreams();
  Send("b", "inputs { text: 'a' }");
  EXPECT_EQ(NextDone(), "b");
  ExpectEndsWell();
}

TEST_F(StreamTest, RequestsCountAsEncodesDo) {
  Open();
  Send("a", "inputs { text: 'A' }");
  Send("b", "inputs { text: 'B' }");
  Send("c", "model: 'made-up' inputs { text: 'A' }");
  Send("", "inputs { text: 'A' }");
  for (int i = 0; i < 4; ++i) NextDone();
  const std::string text =
      prometheus::TextSerializer().Serialize(metrics_.registry()->Collect());
  for (const char* line :
       {R"(strata_requests_total{code="OK",model="puppet"} 2)",
        R"(strata_requests_total{code="NOT_FOUND",model="<other>"} 1)",
        R"(strata_rejections_total{reason="INVALID_FIELD"} 1)",
        R"(strata_pieces_total{model="puppet"} 6)"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  ExpectEndsWell();
}

// Each answer is larger than the stream's room and what the connection takes,
// so that the device may run one of them, and nothing before it has been read.
TEST_F(StreamTest, AReaderThatDoesNotReadStopsItsStreamAlone) {
  RestartWith({.max_buffer_bytes = 100'000, .part_bytes = 50'000});
  grpc::ChannelArguments arguments;
  // Else the client takes more and more before anybody reads.
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  const auto channel =
      grpc::CreateCustomChannel(server_->address().ToString(),
                                grpc::InsecureChannelCredentials(), arguments);
  const auto stub = v1::HiddenStateService::NewStub(channel);
  stream_ = stub->EncodeStream(&context_);
  const std::string large = WithOutputs(2000);
  for (int i = 0; i < 5; ++i) Send(absl::StrCat(i), large);
  strings_->AwaitEntered(1);
  for (int i = 0; i < 20; ++i) ExpectServes();
  EXPECT_EQ(strings_->batches().size(), 21U) << "one of the stream's, and 20";

  // It goes on when it is read.
  stream_->WritesDone();
  for (int i = 0; i < 5; ++i) EXPECT_NE(NextDone(), "");
  EXPECT_EQ(NextDone(), "");
  EXPECT_TRUE(stream_->Finish().ok());
  EXPECT_EQ(strings_->batches().size(), 25U);
}

TEST_F(StreamTest, AReaderThatNeverReadsMayGoAway) {
  RestartWith({.max_buffer_bytes = 100'000, .part_bytes = 50'000});
  Open();
  const std::string large = WithOutputs(10000);
  Send("a", large);
  Send("b", large);
  strings_->AwaitEntered(1);
  context_.TryCancel();
  EXPECT_EQ(stream_->Finish().error_code(), StatusCode::CANCELLED);
  ExpectServes();
}

}  // namespace
}  // namespace strata
