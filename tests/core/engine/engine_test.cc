// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/engine/engine.h"

#include <cstddef>
#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/base/mutex.h"
#include "core/batch/cost.h"
#include "core/batch/request.h"
#include "core/engine/call.h"
#include "core/engine/reply_sink.h"
#include "gtest/gtest.h"
#include "tests/core/engine/engine_fixture.h"
#include "tests/fakes/host_numbers.h"
#include "tests/fakes/puppet_model.h"
#include "tests/fakes/puppet_runner.h"

namespace strata {
namespace {

TEST_F(EngineTest, EncodesTextsAndPiecesInTheOrderOfTheInputs) {
  Start();
  EncodeCall call = Texts({"A", "BC"});
  call.inputs.emplace_back(PieceInput{.ids = {9}});
  call.outputs = {{.name = "first", .layers = {0}}, {.name = "last"}};
  call.return_pieces = true;
  const Reply reply = Send(std::move(call)).get();
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->model->id.name, "puppet");
  EXPECT_EQ((*reply->outputs)[1].name, "last");
  ASSERT_EQ(reply->inputs.size(), 3);
  EXPECT_EQ(reply->inputs[0].piece_count, 3);
  EXPECT_EQ(Numbers(reply->inputs[0].outputs[0]),
            (std::vector<float>{0, 0, 67, 67, 1, 1}));
  EXPECT_EQ(Numbers(reply->inputs[2].outputs[1]),
            (std::vector<float>{3009, 3009}));
  EXPECT_EQ(reply->inputs[1].outputs[0].shape,
            (std::vector<std::int64_t>{1, 4, 2}));
  ASSERT_EQ(reply->inputs[1].pieces.size(), 4);
  EXPECT_EQ(reply->inputs[1].pieces[1].text, "B");
  EXPECT_EQ(reply->inputs[1].pieces[2].range, (ByteRange{1, 2}));
  ASSERT_EQ(observer_.requests().size(), 1);
  EXPECT_EQ(observer_.requests()[0].inputs, 3);
}

TEST_F(EngineTest, BatchesWhatWaitsAcrossCalls) {
  Start();
  strings_->Hold();
  auto first = Send(Pieces({1}));
  strings_->AwaitEntered(1);
  auto second = Send(Pieces({1, 2, 3}));
  auto third = Send(Pieces({5, 6}));
  EXPECT_EQ(observer_.in_flight(), 3);
  strings_->ReleaseAll();
  ASSERT_TRUE(first.get().ok());
  ASSERT_TRUE(second.get().ok());
  ASSERT_TRUE(third.get().ok());
  EXPECT_EQ(strings_->batches(),
            (std::vector<PuppetBatch>{{.pieces = {1}, .length = 1},
                                      {.pieces = {3, 2}, .length = 3}}));
  EXPECT_EQ(observer_.requests().size(), 3);
  EXPECT_EQ(observer_.in_flight(), 0);
}

TEST_F(EngineTest, OneForwardCarriesTheInputsOfACall) {
  Start();
  const Reply reply = Send(Texts({"abc", "d"})).get();
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(strings_->batches(),
            (std::vector<PuppetBatch>{{.pieces = {5, 3}, .length = 5}}));
  EXPECT_EQ(reply->inputs[1].batch.rows, 2);
  EXPECT_EQ(reply->inputs[1].batch.pieces, 8);
  EXPECT_EQ(reply->inputs[1].batch.padded_pieces, 10);
}

TEST_F(EngineTest, TruncatesAndSaysHowMuch) {
  Start();
  EncodeCall call = Texts({"abcdef"});
  call.max_pieces = 5;
  call.truncation = Truncation::kLeft;
  const Reply reply = Send(std::move(call)).get();
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->inputs[0].piece_count, 5);
  EXPECT_EQ(reply->inputs[0].truncated_pieces, 3);
  EXPECT_EQ(Numbers(reply->inputs[0].outputs[0])[2], 3000 + 'd' + 2);
}

TEST_F(EngineTest, AMalformedInputFailsTheWholeCallByTheFirst) {
  Start();
  const Reply reply =
      Send(Texts({"ok", "this is longer than 16", "so is this, by far"})).get();
  EXPECT_EQ(ReasonOf(reply.status()), Reason::kInputTooLong);
  EXPECT_EQ(FieldOf(reply.status()), "inputs[1]");
  EXPECT_TRUE(strings_->batches().empty());
}

TEST_F(EngineTest, RefusesBeforeItCosts) {
  Start({.max_inputs = 2, .max_reply_bytes = 40});
  EXPECT_EQ(FieldOf(Send({}).get().status()), "inputs");
  EXPECT_EQ(Send(Texts({"a", "b", "c"})).get().status().message(),
            "inputs: got 3 inputs, at most 2 are allowed; send several "
            "requests");
  EncodeCall unknown = Texts({"a"});
  unknown.model = "nobody";
  EXPECT_EQ(Send(std::move(unknown)).get().status().message(),
            "no model \"nobody\"; this server has: puppet");
  EncodeCall digest = Texts({"a"});
  digest.expected_digest = "sha256:other";
  EXPECT_EQ(ReasonOf(Send(std::move(digest)).get().status()),
            Reason::kDigestMismatch);
  // 3 pieces of width 2 in fp32 are 24 bytes; two inputs are too many.
  const absl::Status large = Send(Texts({"a", "b"})).get().status();
  EXPECT_EQ(ReasonOf(large), Reason::kReplyTooLarge);
  EXPECT_EQ(large.message(),
            "the answer would hold 48 bytes of tensors, at most 40 are "
            "allowed; ask for fewer layers, a pooling, FLOAT16 or fewer "
            "inputs, or use EncodeChunks");
  EXPECT_TRUE(strings_->batches().empty());
  EXPECT_TRUE(Send(Texts({"a"})).get().ok());
}

TEST_F(EngineTest, APaddedAnswerIsAsLargeAsItsLongestInput) {
  Start({.max_reply_bytes = 80});
  // 3 and 5 pieces of width 2 in fp32 are 64 bytes; twice the longer are 80.
  EncodeCall padded = Texts({"a", "abc"});
  padded.padded = true;
  EXPECT_TRUE(Send(Texts({"a", "abc"})).get().ok());
  EXPECT_TRUE(Send(padded).get().ok());
  padded.numbers_per_piece = 1;
  const absl::Status large = Send(std::move(padded)).get().status();
  EXPECT_EQ(ReasonOf(large), Reason::kReplyTooLarge);
  EXPECT_EQ(large.message(),
            "the answer would hold 160 bytes of tensors, at most 80 are "
            "allowed; ask for fewer layers, a pooling, FLOAT16 or fewer "
            "inputs, or send inputs of like lengths together: zeros fill up "
            "the others");
}

// Each output is tiny, so that the bytes of the answer would be few.
TEST_F(EngineTest, RefusesARequestOfTooManySelections) {
  Start();
  EncodeCall call = Pieces({1});
  call.outputs.assign(131073, {.dimensions = 1});
  const absl::Status status = Send(std::move(call)).get().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "outputs: ask for 131073 selections (layers, spans and positions "
            "of all outputs and inputs), at most 131072 are allowed; ask for "
            "fewer, or send several requests");
  EXPECT_TRUE(strings_->batches().empty());
}

TEST_F(EngineTest, ADeadlinePastOnArrivalIsRefused) {
  Start();
  EncodeCall call = Texts({"a"});
  call.deadline = clock_.Now();
  const absl::Status status = Send(std::move(call)).get().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(status.message(),
            "the deadline had passed when the request arrived");
}

TEST_F(EngineTest, ADeadlinePastInTheQueueCostsNoCompute) {
  Start();
  strings_->Hold();
  auto running = Send(Pieces({1}));
  strings_->AwaitEntered(1);
  EncodeCall call = Pieces({2});
  call.deadline = clock_.Now() + absl::Seconds(1);
  auto waiting = Send(std::move(call));
  clock_.Advance(absl::Seconds(1));
  strings_->ReleaseAll();
  ASSERT_TRUE(running.get().ok());
  EXPECT_EQ(ReasonOf(waiting.get().status()), Reason::kDeadlinePassed);
  EXPECT_EQ(strings_->batches().size(), 1);
}

TEST_F(EngineTest, ACancelledCallLeavesTheQueueAtOnce) {
  Start();
  strings_->Hold();
  auto running = Send(Pieces({1}));
  strings_->AwaitEntered(1);
  std::stop_source caller;
  EncodeCall call = Pieces({2});
  call.stop = caller.get_token();
  auto waiting = Send(std::move(call));
  caller.request_stop();
  // The device is still held: the answer comes from the queue.
  EXPECT_EQ(ReasonOf(waiting.get().status()), Reason::kCallerCancelled);
  strings_->ReleaseAll();
  ASSERT_TRUE(running.get().ok());
  EXPECT_EQ(strings_->batches().size(), 1);
}

TEST_F(EngineTest, AForwardEndsWhenAllHaveGoneThatWaitForIt) {
  Start();
  strings_->Hold();
  std::stop_source caller;
  EncodeCall call = Pieces({1});
  call.stop = caller.get_token();
  auto cancelled = Send(std::move(call));
  strings_->AwaitEntered(1);
  EncodeCall late = Pieces({2});
  late.deadline = clock_.Now() + absl::Seconds(1);
  auto expired = Send(std::move(late));
  caller.request_stop();
  strings_->Release();
  EXPECT_EQ(ReasonOf(cancelled.get().status()), Reason::kCallerCancelled);
  strings_->AwaitEntered(2);
  clock_.Advance(absl::Seconds(1));
  strings_->Release();
  EXPECT_EQ(ReasonOf(expired.get().status()), Reason::kDeadlinePassed);
  // What failed so is not tried again.
  EXPECT_EQ(strings_->batches().size(), 2);
}

// A model whose forward takes a second for each place, on strings of its own.
class InterruptionTest : public EngineTest {
 protected:
  InterruptionTest() {
    auto model = MakePuppetModel("timed", timed_);
    model->runners[0]->cost() = CostModel::Fit(std::vector<ForwardTiming>{
        {.rows = 1, .length = 1, .time = absl::Seconds(1)},
        {.rows = 1, .length = 100, .time = absl::Seconds(100)}});
    registry_.SetLoading(model->id);
    EXPECT_TRUE(registry_.SetReady(std::move(model)).ok());
    Start();
    timed_->Hold();
  }

  ~InterruptionTest() override { timed_->ReleaseAll(); }

  static EncodeCall Timed(std::vector<std::int64_t> ids) {
    EncodeCall call = Pieces(std::move(ids));
    call.model = "timed";
    return call;
  }
  static EncodeCall Long() { return Timed(std::vector<std::int64_t>(16, 5)); }

  std::shared_ptr<PuppetStrings> timed_ = std::make_shared<PuppetStrings>();
};

TEST_F(InterruptionTest, AShortInputInterruptsALongForward) {
  auto slow = Send(Long());
  timed_->AwaitEntered(1);
  auto quick = Send(Timed({2}));
  timed_->Release();
  timed_->AwaitEntered(2);
  timed_->Release();
  const Reply reply = quick.get();
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(Numbers(reply->inputs[0].outputs[0]),
            (std::vector<float>{3002, 3002}));
  ASSERT_TRUE(slow.get().ok());
  // The one that was interrupted ended last.
  const std::vector<BatchInfo> batches = observer_.batches();
  ASSERT_EQ(batches.size(), 2);
  EXPECT_EQ(batches[0].pieces, 1);
  EXPECT_EQ(batches[1].pieces, 16);
}

TEST_F(InterruptionTest, NoInputComesTooLateForIt) {
  EncodeCall call = Long();
  call.deadline = clock_.Now() + absl::Milliseconds(16500);
  auto slow = Send(std::move(call));
  timed_->AwaitEntered(1);
  auto quick = Send(Timed({2}));
  timed_->Release();
  EXPECT_TRUE(slow.get().ok());
  timed_->Release();
  EXPECT_TRUE(quick.get().ok());
}

TEST_F(EngineTest, ACallCancelledOnArrivalIsNotRun) {
  Start();
  std::stop_source caller;
  caller.request_stop();
  EncodeCall call = Texts({"a"});
  call.stop = caller.get_token();
  EXPECT_EQ(ReasonOf(Send(std::move(call)).get().status()),
            Reason::kCallerCancelled);
  EXPECT_TRUE(strings_->batches().empty());
}

TEST_F(EngineTest, FullRefusesAtOnceAndRecovers) {
  Start({.max_requests = 2});
  strings_->Hold();
  auto running = Send(Pieces({1}));
  strings_->AwaitEntered(1);
  auto waiting = Send(Pieces({1, 3}));
  clock_.Advance(absl::Seconds(4));
  const absl::Status full = Send(Pieces({2})).get().status();
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  // The queue's own estimate: what waits has waited for so long.
  EXPECT_EQ(RetryAfterOf(full), absl::Seconds(4));
  strings_->ReleaseAll();
  ASSERT_TRUE(running.get().ok());
  ASSERT_TRUE(waiting.get().ok());
  EXPECT_TRUE(Send(Pieces({2})).get().ok());
}

TEST_F(EngineTest, AFullQueueRefuses) {
  Start({.max_waiting_pieces = 3});
  strings_->Hold();
  auto running = Send(Pieces({1}));
  strings_->AwaitEntered(1);
  auto waiting = Send(Pieces({1, 2}));
  EXPECT_EQ(ReasonOf(Send(Pieces({1, 2})).get().status()), Reason::kServerFull);
  strings_->ReleaseAll();
  EXPECT_TRUE(running.get().ok());
  EXPECT_TRUE(waiting.get().ok());
}

// Two numbers of 4 bytes, and what a call takes.
constexpr std::int64_t kSmallAnswer = 8 + (16 << 10);

TEST_F(EngineTest, AnswersThatNobodyHasReadLeaveNoRoom) {
  Start({.max_unsent_bytes = 3 * kSmallAnswer});
  strings_->Hold();
  auto computing = Send(Pieces({1}));
  strings_->AwaitEntered(1);
  auto waiting = Send(Pieces({2}));
  auto last = Send(Pieces({3}));
  EXPECT_EQ(observer_.reply_bytes(), 3 * kSmallAnswer);
  const absl::Status full = Send(Pieces({4})).get().status();
  EXPECT_EQ(ReasonOf(full), Reason::kServerFull);
  EXPECT_EQ(RetryAfterOf(full), absl::Milliseconds(100));
  strings_->ReleaseAll();
  std::vector<Reply> answers;
  answers.push_back(computing.get());
  answers.push_back(waiting.get());
  answers.push_back(last.get());
  // Computed, but not let go of.
  EXPECT_EQ(observer_.in_flight(), 0);
  EXPECT_EQ(ReasonOf(Send(Pieces({4})).get().status()), Reason::kServerFull);
  EXPECT_EQ(strings_->batches().size(), 2);
  answers.pop_back();
  const Reply again = Send(Pieces({4})).get();
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(Numbers(again->inputs[0].outputs[0]),
            (std::vector<float>{3004, 3004}));
}

TEST_F(EngineTest, OneClientWhoDoesNotReadLeavesRoomForTheOthers) {
  Start({.max_client_share = 0.5, .max_unsent_bytes = 4 * kSmallAnswer});
  const auto send = [this](const std::string& client) {
    EncodeCall call = Pieces({1});
    call.client = client;
    return Send(std::move(call)).get();
  };
  const Reply first = send("a");
  const Reply second = send("a");
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(ReasonOf(send("a").status()), Reason::kServerFull);
  EXPECT_TRUE(send("b").ok());
}

TEST_F(EngineTest, WhatFailsGivesItsRoomBack) {
  Start({});
  strings_->FailOn(7, Error(Reason::kForwardFailed, "it fails"));
  strings_->Hold();
  std::stop_source stop;
  auto failing = Send(Pieces({7}));
  strings_->AwaitEntered(1);
  EncodeCall cancelled = Pieces({1});
  cancelled.stop = stop.get_token();
  auto waiting = Send(std::move(cancelled));
  EXPECT_EQ(observer_.reply_bytes(), 2 * kSmallAnswer);
  stop.request_stop();
  EXPECT_FALSE(waiting.get().ok());
  strings_->ReleaseAll();
  const Reply failed = failing.get();
  ASSERT_TRUE(failed.ok());
  EXPECT_EQ(ReasonOf(failed->inputs[0].status), Reason::kForwardFailed);
  EXPECT_EQ(observer_.reply_bytes(), 0);
}

TEST_F(EngineTest, PiecesInAnAnswerCount) {
  Start({});
  EncodeCall call = Texts({"abc"});
  call.return_pieces = true;
  strings_->Hold();
  auto reply = Send(std::move(call));
  strings_->AwaitEntered(1);
  EXPECT_GE(observer_.reply_bytes(), (16 << 10) + (5 * (8 + sizeof(Piece))));
  strings_->ReleaseAll();
  EXPECT_TRUE(reply.get().ok());
}

TEST_F(EngineTest, PiecesAndTextsThatNobodyHasReadLeaveNoRoom) {
  Start({.max_unsent_bytes = 40 << 10});
  const auto tokenize = [this] {
    std::promise<absl::StatusOr<TokenizeReply>> promise;
    engine_->Tokenize({.texts = {TextInput{.text = "abc"}}},
                      [&](auto reply) { promise.set_value(std::move(reply)); });
    return promise.get_future().get();
  };
  const auto detokenize = [this] {
    std::promise<absl::StatusOr<DetokenizeReply>> promise;
    engine_->Detokenize({.inputs = {{66, 67}}}, [&](auto reply) {
      promise.set_value(std::move(reply));
    });
    return promise.get_future().get();
  };
  auto pieces = tokenize();
  ASSERT_TRUE(pieces.ok()) << pieces.status();
  EXPECT_GT(observer_.reply_bytes(), (16 << 10) + (5 * sizeof(Piece)));
  auto text = detokenize();
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(ReasonOf(tokenize().status()), Reason::kServerFull);
  EXPECT_EQ(ReasonOf(detokenize().status()), Reason::kServerFull);
  pieces->room.reset();
  EXPECT_TRUE(detokenize().ok());
  text->room.reset();
  EXPECT_EQ(observer_.reply_bytes(), 0);
}

TEST_F(EngineTest, BeyondTheLeaseAnswersAreCopied) {
  Start({.max_leased_bytes = 8});
  const Reply leased = Send(Pieces({1})).get();
  EXPECT_EQ(observer_.leased_bytes(), 8);
  const Reply spilled = Send(Pieces({2})).get();
  EXPECT_EQ(observer_.leased_bytes(), 8);
  EXPECT_EQ(observer_.spills(), 1);
  ASSERT_TRUE(spilled.ok());
  EXPECT_EQ(Numbers(spilled->inputs[0].outputs[0]),
            (std::vector<float>{3002, 3002}));
}

TEST_F(EngineTest, EqualInputsShareAForwardAndItsFailure) {
  Start();
  strings_->FailOn(200, Error(Reason::kForwardFailed, "as told"));
  EncodeCall call = Pieces({200, 1});
  for (const std::int64_t id : {3, 200, 3}) {
    call.inputs.emplace_back(PieceInput{.ids = {id, 1}});
  }
  const Reply reply = Send(std::move(call)).get();
  ASSERT_TRUE(reply.ok()) << reply.status();
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(reply->inputs[i].status.ok(), i == 1 || i == 3) << i;
  }
  EXPECT_EQ(Numbers(reply->inputs[1].outputs[0]),
            Numbers(reply->inputs[3].outputs[0]));
  EXPECT_EQ(reply->inputs[3].batch.pieces, 2);
  EXPECT_EQ(strings_->batches().front().pieces, (std::vector<int>{2, 2}));
}

TEST_F(EngineTest, AfterABatchTooLargeForTheDeviceBatchesAreSmaller) {
  Start();
  strings_->FailOn(200, FullError("no memory", absl::Seconds(1)));
  EncodeCall call = Pieces({200});
  for (std::int64_t id = 1; id < 8; ++id) {
    call.inputs.emplace_back(PieceInput{.ids = {id}});
  }
  ASSERT_TRUE(Send(call).get().ok());
  const std::size_t before = strings_->batches().size();
  EXPECT_EQ(strings_->batches()[0].pieces.size(), 8);
  call.inputs.erase(call.inputs.begin());
  ASSERT_TRUE(Send(std::move(call)).get().ok());
  // 4, 2 and 1 with the piece failed too; each that ran added one. Now 4 are
  // allowed, and the seven are cut into 3 and 4.
  EXPECT_EQ(strings_->batches()[before].pieces.size(), 3);
}

TEST_F(EngineTest, AFailingForwardFailsOnlyItsInput) {
  Start();
  strings_->FailOn(200, Error(Reason::kForwardFailed, "as told"));
  EncodeCall call = Pieces({1});
  for (const std::int64_t id : {2, 200, 3, 4}) {
    call.inputs.emplace_back(PieceInput{.ids = {id}});
  }
  const Reply reply = Send(std::move(call)).get();
  ASSERT_TRUE(reply.ok()) << reply.status();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(reply->inputs[i].status.ok(), i != 2) << i;
    EXPECT_EQ(reply->inputs[i].outputs.size(), i == 2 ? 0 : 1) << i;
  }
  EXPECT_EQ(reply->inputs[2].status.message(), "as told");
  EXPECT_EQ(ReasonOf(reply->inputs[2].status), Reason::kForwardFailed);
}

// Takes an answer as it is told, and gives room when a test says so.
class RecordingSink final : public ReplySink {
 public:
  void AwaitRoom(std::int64_t bytes, absl::AnyInvocable<void()> go) override {
    if (gives_room) {
      go();
    } else {
      held = std::move(go);
    }
    asked.set_value(bytes);
  }
  void OnInput(
      int input, EncodedInput result,
      const std::shared_ptr<const std::vector<OutputSpec>>& outputs) override {
    MutexLock lock(mutex);
    if (inputs.empty()) first.set_value(input);
    names.push_back((*outputs)[0].name);
    inputs[input] = std::move(result);
  }

  bool gives_room = true;
  std::promise<std::int64_t> asked;
  std::promise<int> first;
  absl::AnyInvocable<void()> held;
  Mutex mutex;
  std::vector<std::string> names ABSL_GUARDED_BY(mutex);
  std::map<int, EncodedInput> inputs ABSL_GUARDED_BY(mutex);
};

TEST_F(EngineTest, ASinkTakesEveryInputBeforeTheAnswerIsDone) {
  Start();
  strings_->FailOn(200, Error(Reason::kForwardFailed, "as told"));
  const auto sink = std::make_shared<RecordingSink>();
  EncodeCall call = Texts({"A"});
  call.inputs.emplace_back(PieceInput{.ids = {200}});
  call.outputs = {{.name = "last"}};
  call.return_pieces = true;
  call.sink = sink;
  const Reply reply = Send(std::move(call)).get();
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->model->id.name, "puppet");
  EXPECT_EQ(reply->inputs.size(), 2);
  EXPECT_EQ(sink->asked.get_future().get(), 32) << "4 pieces of 2 floats";
  MutexLock lock(sink->mutex);
  ASSERT_EQ(sink->inputs.size(), 2);
  EXPECT_EQ(sink->names, (std::vector<std::string>{"last", "last"}));
  EXPECT_EQ(Numbers(sink->inputs[0].outputs[0])[2], 3067);
  EXPECT_EQ(sink->inputs[0].pieces.size(), 3);
  EXPECT_EQ(sink->inputs[1].status.message(), "as told");
}

TEST_F(EngineTest, ASinkIsToldOfAnInputBeforeTheNextIsComputed) {
  auto model = MakePuppetModel("narrow", strings_);
  model->plan_limits.max_rows = 1;
  registry_.SetLoading(model->id);
  ASSERT_TRUE(registry_.SetReady(std::move(model)).ok());
  Start();
  strings_->Hold();
  const auto sink = std::make_shared<RecordingSink>();
  EncodeCall call = Texts({"a", "b"});
  call.model = "narrow";
  call.sink = sink;
  auto reply = Send(std::move(call));
  strings_->Release(1);
  EXPECT_EQ(sink->first.get_future().get(), 0) << "the second is still held";
  strings_->ReleaseAll();
  ASSERT_TRUE(reply.get().ok());
  MutexLock lock(sink->mutex);
  EXPECT_EQ(sink->inputs.size(), 2);
}

TEST_F(EngineTest, WhatASinkHasNoRoomForIsNotComputed) {
  Start();
  const auto sink = std::make_shared<RecordingSink>();
  sink->gives_room = false;
  EncodeCall call = Pieces({1});
  call.sink = sink;
  auto reply = Send(std::move(call));
  EXPECT_EQ(sink->asked.get_future().get(), 8);
  ASSERT_TRUE(Send(Pieces({2, 3})).get().ok()) << "others go on";
  EXPECT_EQ(strings_->batches().size(), 1);
  std::exchange(sink->held, nullptr)();
  ASSERT_TRUE(reply.get().ok());
  EXPECT_EQ(strings_->batches().size(), 2);
}

TEST_F(EngineTest, ACallThatWasCancelledWithoutRoomIsNotComputed) {
  Start();
  const auto sink = std::make_shared<RecordingSink>();
  sink->gives_room = false;
  std::stop_source caller;
  EncodeCall call = Pieces({1});
  call.sink = sink;
  call.stop = caller.get_token();
  auto reply = Send(std::move(call));
  sink->asked.get_future().wait();
  caller.request_stop();
  std::exchange(sink->held, nullptr)();
  EXPECT_EQ(ReasonOf(reply.get().status()), Reason::kCallerCancelled);
  EXPECT_TRUE(strings_->batches().empty());
}

TEST_F(EngineTest, AnAnswerToASinkHasABoundOfItsOwn) {
  Start({.max_reply_bytes = 10, .max_stream_reply_bytes = 40});
  const auto send = [this](std::vector<std::string> texts) {
    EncodeCall call = Texts(std::move(texts));
    call.sink = std::make_shared<RecordingSink>();
    return Send(std::move(call)).get().status();
  };
  EXPECT_TRUE(send({"a"}).ok());
  EXPECT_EQ(send({"a", "b"}).message(),
            "the answer would hold 48 bytes of tensors, at most 40 are "
            "allowed; ask for fewer layers, a pooling, FLOAT16 or fewer "
            "inputs");
}

TEST_F(EngineTest, ModelsDoNotShareBatches) {
  const auto others = std::make_shared<PuppetStrings>();
  AddModel("other", others);
  Start();
  const absl::Status ambiguous = Send(Pieces({1})).get().status();
  EXPECT_EQ(ReasonOf(ambiguous), Reason::kModelAmbiguous);
  EncodeCall mine = Pieces({1});
  mine.model = "puppet";
  EncodeCall theirs = Pieces({1, 2});
  theirs.model = "other";
  auto first = Send(std::move(mine));
  auto second = Send(std::move(theirs));
  ASSERT_TRUE(first.get().ok());
  ASSERT_TRUE(second.get().ok());
  EXPECT_EQ(strings_->batches(),
            (std::vector<PuppetBatch>{{.pieces = {1}, .length = 1}}));
  EXPECT_EQ(others->batches(),
            (std::vector<PuppetBatch>{{.pieces = {2}, .length = 2}}));
}

TEST_F(EngineTest, InstancesOfADeviceRunBatchesAtTheSameTime) {
  const auto others = std::make_shared<PuppetStrings>();
  auto model = MakePuppetModel("both", strings_);
  model->runners.push_back(
      std::make_unique<PuppetRunner>(model->report.width, others));
  model->plan_limits.max_rows = 1;
  registry_.SetLoading(model->id);
  ASSERT_TRUE(registry_.SetReady(std::move(model)).ok());
  Start({.devices = {"cpu", "cpu"}});
  strings_->Hold();
  others->Hold();
  EncodeCall call = Pieces({1});
  call.inputs.emplace_back(PieceInput{.ids = {2}});
  call.model = "both";
  auto reply = Send(std::move(call));
  strings_->AwaitEntered(1);
  others->AwaitEntered(1);
  // One instance is still held: the other goes on without it.
  others->ReleaseAll();
  EncodeCall third = Pieces({3, 4});
  third.model = "both";
  EXPECT_TRUE(Send(std::move(third)).get().ok());
  EXPECT_EQ(others->batches().back(),
            (PuppetBatch{.pieces = {2}, .length = 2}));
  strings_->ReleaseAll();
  const Reply both = reply.get();
  ASSERT_TRUE(both.ok()) << both.status();
  EXPECT_EQ(Numbers(both->inputs[0].outputs[0]),
            (std::vector<float>{3001, 3001}));
  EXPECT_EQ(Numbers(both->inputs[1].outputs[0]),
            (std::vector<float>{3002, 3002}));
  EXPECT_EQ(strings_->batches().size(), 1);
}

// The order of sums may depend on how many threads share them.
TEST_F(EngineTest, ABatchInvariantModelHasItsThreadsWhateverRuns) {
  const auto strings = std::make_shared<PuppetStrings>();
  auto model = MakePuppetModel("exact", strings);
  model->batch_invariant = true;
  registry_.SetLoading(model->id);
  ASSERT_TRUE(registry_.SetReady(std::move(model)).ok());
  Start({.devices = {"cpu", "cpu"}, .cpus = 4});
  EncodeCall call = Pieces({1});
  call.model = "exact";
  EXPECT_TRUE(Send(std::move(call)).get().ok());
  EXPECT_EQ(strings->threads(), std::vector<int>{2});
}

// A model of one runner runs on the first instance alone.
TEST_F(EngineTest, ForwardsShareTheCpusWhileTheyRun) {
  const auto others = std::make_shared<PuppetStrings>();
  auto model = MakePuppetModel("both", strings_);
  model->runners.push_back(
      std::make_unique<PuppetRunner>(model->report.width, others));
  registry_.SetLoading(model->id);
  ASSERT_TRUE(registry_.SetReady(std::move(model)).ok());
  Start({.devices = {"cpu", "cpu"}, .cpus = 4});
  strings_->Hold();
  others->Hold();
  EncodeCall call = Pieces({1});
  call.model = "puppet";
  auto first = Send(std::move(call));
  strings_->AwaitEntered(1);
  call = Pieces({2});
  call.model = "both";
  auto second = Send(std::move(call));
  others->AwaitEntered(1);
  EXPECT_EQ(strings_->threads(), std::vector<int>{4});
  EXPECT_EQ(others->threads(), std::vector<int>{2});
  strings_->Release();
  EXPECT_TRUE(first.get().ok());
  EXPECT_EQ(strings_->threads(), (std::vector<int>{4, 2}));
  others->ReleaseAll();
  EXPECT_TRUE(second.get().ok());
}

TEST_F(EngineTest, StopFailsWhatWaitsAndLetsTheForwardEnd) {
  Start();
  strings_->Hold();
  auto running = Send(Pieces({1}));
  strings_->AwaitEntered(1);
  auto waiting = Send(Pieces({2}));
  engine_->Stop();
  EXPECT_EQ(ReasonOf(waiting.get().status()), Reason::kServerStopping);
  EXPECT_EQ(ReasonOf(Send(Pieces({3})).get().status()),
            Reason::kServerStopping);
  strings_->ReleaseAll();
  EXPECT_TRUE(running.get().ok());
}

TEST_F(EngineTest, TokenizesWithoutTheDevice) {
  Start();
  std::promise<absl::StatusOr<TokenizeReply>> promise;
  engine_->Tokenize(
      {.texts = {{"A"}, {"a text of more than sixteen bytes"}}},
      [&promise](const auto& reply) { promise.set_value(reply); });
  const auto reply = promise.get_future().get();
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->texts[0].pieces[1].id, 67);
  EXPECT_EQ(reply->texts[1].pieces.size(), 35) << "no limit unless asked";
  EXPECT_TRUE(strings_->batches().empty());
}

TEST_F(EngineTest, TokenizeHasADeadline) {
  Start();
  std::promise<absl::StatusOr<TokenizeReply>> promise;
  engine_->Tokenize(
      {.texts = {{"A"}}, .deadline = clock_.Now()},
      [&promise](const auto& reply) { promise.set_value(reply); });
  EXPECT_EQ(ReasonOf(promise.get_future().get().status()),
            Reason::kDeadlinePassed);
}

TEST_F(EngineTest, TokenizeCanBeCancelled) {
  Start();
  std::stop_source stop;
  stop.request_stop();
  std::promise<absl::StatusOr<TokenizeReply>> promise;
  engine_->Tokenize(
      {.texts = {{"A"}}, .stop = stop.get_token()},
      [&promise](const auto& reply) { promise.set_value(reply); });
  EXPECT_EQ(ReasonOf(promise.get_future().get().status()),
            Reason::kCallerCancelled);
}

TEST_F(EngineTest, ARefusedCallIsToldByTheNameThatWasAsked) {
  Start();
  EncodeCall call = Texts({"a"});
  call.model = "nobody";
  EXPECT_FALSE(Send(std::move(call)).get().ok());
  ASSERT_EQ(observer_.requests().size(), 1);
  EXPECT_EQ(observer_.requests()[0].model, "nobody");
  EXPECT_EQ(ReasonOf(observer_.requests()[0].status), Reason::kModelNotFound);
}

TEST_F(EngineTest, TokenizeTruncatesWhenAsked) {
  Start();
  std::promise<absl::StatusOr<TokenizeReply>> promise;
  engine_->Tokenize(
      {.texts = {{"abcdef"}},
       .truncation = Truncation::kRight,
       .max_pieces = 4},
      [&promise](const auto& reply) { promise.set_value(reply); });
  const auto reply = promise.get_future().get();
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->texts[0].pieces.size(), 4);
  EXPECT_EQ(reply->texts[0].truncated_pieces, 4);
}

// "query: AB" and "C", of 13 pieces.
TextInput PromptedPair() {
  return {.text = "AB", .pair = "C", .prompt = "query"};
}

TEST_F(EngineTest, EncodesAPairBehindAPrompt) {
  Start();
  EncodeCall call;
  call.inputs.emplace_back(PromptedPair());
  call.return_pieces = true;
  call.max_pieces = 8;
  call.truncation = Truncation::kLeft;
  const Reply reply = Send(std::move(call)).get();
  ASSERT_TRUE(reply.ok()) << reply.status();
  const EncodedInput& input = reply->inputs[0];
  EXPECT_EQ(input.truncated_pieces, 5);
  std::string pieces;
  for (const Piece& piece : input.pieces) pieces += piece.text;
  EXPECT_EQ(pieces, "<s>: AB</s>C</s>");
  EXPECT_EQ(input.pieces[2].range, (ByteRange{0, 0}));
  EXPECT_EQ(input.pieces[4].range, (ByteRange{1, 2}));
  EXPECT_FALSE(input.pieces[4].in_pair);
  EXPECT_EQ(input.pieces[6].range, (ByteRange{0, 1}));
  EXPECT_TRUE(input.pieces[6].in_pair);
}

TEST_F(EngineTest, TokenizesAsItEncodes) {
  Start();
  std::promise<absl::StatusOr<TokenizeReply>> promise;
  engine_->Tokenize(
      {.texts = {PromptedPair()},
       .truncation = Truncation::kLeft,
       .max_pieces = 8},
      [&promise](const auto& reply) { promise.set_value(reply); });
  const auto reply = promise.get_future().get();
  ASSERT_TRUE(reply.ok()) << reply.status();
  std::string pieces;
  for (const Piece& piece : reply->texts[0].pieces) pieces += piece.text;
  EXPECT_EQ(pieces, "<s>: AB</s>C</s>");
  EXPECT_EQ(reply->texts[0].truncated_pieces, 5);
}

TEST_F(EngineTest, DetokenizesAndNamesABadInput) {
  Start();
  const auto detokenize = [this](std::vector<std::vector<std::int64_t>> ids) {
    std::promise<absl::StatusOr<DetokenizeReply>> promise;
    engine_->Detokenize(
        {.inputs = std::move(ids), .skip_special_pieces = true},
        [&promise](const auto& reply) { promise.set_value(reply); });
    return promise.get_future().get();
  };
  const auto reply = detokenize({{0, 'H' + 2, 'i' + 2, 1}});
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->texts, std::vector<std::string>{"Hi"});
  const absl::Status bad = detokenize({{1}, {9999}}).status();
  EXPECT_EQ(bad.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FieldOf(bad), "inputs[1].ids");
}

TEST_F(EngineTest, RefusesOptionsOutOfRange) {
  EXPECT_EQ(Engine::Create({.devices = {}}, registry_, clock_, observer_)
                .status()
                .message(),
            "devices: got 0, expected at least 1");
  EXPECT_EQ(Engine::Create({.max_requests = 0}, registry_, clock_, observer_)
                .status()
                .message(),
            "max_requests: got 0, expected at least 1");
}

}  // namespace
}  // namespace strata
