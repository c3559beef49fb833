// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// What the engine does about forwards that hang, devices that are lost, models
// that always fail and tokenizers that throw.

#include "core/engine/fitness.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <new>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/engine/call.h"
#include "core/engine/engine.h"
#include "core/model/model.h"
#include "core/tokenize/tokenizer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/engine/engine_fixture.h"
#include "tests/fakes/puppet_model.h"
#include "tests/fakes/puppet_runner.h"

namespace strata {
namespace {

using testing::HasSubstr;

// Waits for what is bound to come.
void Await(absl::FunctionRef<bool()> come) {
  while (!come()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

class FitnessTest : public EngineTest {
 protected:
  // A worker that stands still for `hang_timeout` is given up: the tests that
  // want that have it soon, the others never.
  void StartWith(absl::Duration hang_timeout, int instances = 1) {
    Start({.devices = std::vector<std::string>(instances, "cpu"),
           .hang_timeout = hang_timeout,
           .fitness_changed = [this] { ++changes_; }});
  }
  void StartPatient() { StartWith(absl::Hours(1)); }

  // The engine tells `changes_` to its end.
  void TearDown() override {
    strings_->ReleaseAll();
    engine_.reset();
  }

  void AwaitFitness(absl::FunctionRef<bool(const Fitness&)> is) {
    Await([&] { return is(engine_->fitness()); });
  }

  // Forwards that hold this piece fail.
  static constexpr std::int64_t kBad = 66;

  Reply SendBad() { return Send(Pieces({kBad})).get(); }

  std::atomic<int> changes_ = 0;
};

TEST_F(FitnessTest, AllIsWellAtFirst) {
  StartPatient();
  EXPECT_EQ(engine_->fitness(), Fitness{});
  EXPECT_TRUE(Send(Pieces({1})).get().ok());
  EXPECT_EQ(changes_, 0);
}

TEST_F(FitnessTest, AForwardThatHangsFailsItsCallsAndWhatWaits) {
  StartWith(absl::Milliseconds(40));
  strings_->Hold();
  auto running = Send(Pieces({1}));
  strings_->AwaitEntered(1);
  auto waiting = Send(Pieces({2}));
  const Reply reply = running.get();
  EXPECT_EQ(reply.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(reply.status()), Reason::kDeviceLost);
  EXPECT_THAT(std::string(reply.status().message()),
              HasSubstr("a forward of model \"puppet\" on cpu has not come on "
                        "for 40ms"));
  EXPECT_EQ(ReasonOf(waiting.get().status()), Reason::kDeviceLost);
  // Nobody is left for it.
  EXPECT_EQ(ReasonOf(Send(Pieces({3})).get().status()), Reason::kDeviceLost);
  const Fitness fitness = engine_->fitness();
  EXPECT_EQ(ReasonOf(fitness.devices), Reason::kDeviceLost);
  EXPECT_EQ(fitness.stuck_forwards, 1);
  Await([&] { return changes_ >= 1; });
  EXPECT_EQ(observer_.in_flight(), 0);
}

TEST_F(FitnessTest, AForwardThatComesOnAgainIsTrustedAgain) {
  // Long enough for a busy machine to release it in time.
  StartWith(absl::Seconds(2));
  strings_->Hold();
  EXPECT_FALSE(Send(Pieces({1})).get().ok());
  strings_->ReleaseAll();
  AwaitFitness([](const Fitness& fitness) { return fitness.devices.ok(); });
  EXPECT_EQ(engine_->fitness(), Fitness{});
  EXPECT_TRUE(Send(Pieces({2})).get().ok());
}

TEST_F(FitnessTest, OneThatDoesNotIsLost) {
  StartWith(absl::Milliseconds(40));
  strings_->Hold();
  EXPECT_FALSE(Send(Pieces({1})).get().ok());
  AwaitFitness([](const Fitness& fitness) { return fitness.lost; });
  engine_->Stop();
  EXPECT_FALSE(engine_->AwaitForwards(absl::Milliseconds(1)));
  strings_->ReleaseAll();
  EXPECT_TRUE(engine_->AwaitForwards(absl::InfiniteDuration()));
  // It comes too late.
  EXPECT_TRUE(engine_->fitness().lost);
}

TEST_F(FitnessTest, AnotherInstanceServesOn) {
  auto other = std::make_shared<PuppetStrings>();
  auto model = MakePuppetModel("pair", strings_);
  model->runners.push_back(std::make_unique<PuppetRunner>(2, other));
  registry_.SetLoading(model->id);
  ASSERT_TRUE(registry_.SetReady(std::move(model)).ok());
  StartWith(absl::Seconds(1), 2);
  // Whichever is asked first hangs.
  strings_->Hold();
  other->Hold();
  EncodeCall call = Pieces({1});
  call.model = "pair";
  EXPECT_EQ(ReasonOf(Send(call).get().status()), Reason::kDeviceLost);
  const bool first_hangs = !strings_->batches().empty();
  (first_hangs ? other : strings_)->ReleaseAll();
  EXPECT_TRUE(Send(call).get().ok());
  EXPECT_FALSE(engine_->fitness().devices.ok());
  other->ReleaseAll();
}

TEST_F(FitnessTest, WithoutATimeoutNothingHangs) {
  Start({.hang_timeout = absl::ZeroDuration()});
  strings_->Hold();
  auto reply = Send(Pieces({1}));
  strings_->AwaitEntered(1);
  std::this_thread::sleep_for(std::chrono::milliseconds(1200));
  EXPECT_EQ(engine_->fitness(), Fitness{});
  strings_->ReleaseAll();
  EXPECT_TRUE(reply.get().ok());
}

TEST_F(FitnessTest, AbandonedCallsDoNotWaitForTheirForward) {
  StartPatient();
  strings_->Hold();
  auto running = Send(Pieces({1}));
  strings_->AwaitEntered(1);
  auto waiting = Send(Pieces({2}));
  engine_->Abandon();
  EXPECT_EQ(ReasonOf(running.get().status()), Reason::kServerStopping);
  EXPECT_EQ(ReasonOf(waiting.get().status()), Reason::kServerStopping);
  EXPECT_FALSE(engine_->AwaitForwards(absl::Milliseconds(1)));
}

TEST_F(FitnessTest, ADeviceThatIsLostTakesNothingMore) {
  StartPatient();
  strings_->Hold();
  auto first = Send(Pieces({1}));
  strings_->AwaitEntered(1);
  strings_->FailOn(kBad, Error(Reason::kDeviceLost, "the context is spoiled"));
  auto bad = Send(Pieces({kBad}));
  auto beside = Send(Pieces({2}));
  strings_->ReleaseAll();
  EXPECT_TRUE(first.get().ok());
  EXPECT_EQ(bad.get().status().message(), "the context is spoiled");
  // It was not the one that spoiled it, but no halves are tried there.
  EXPECT_EQ(beside.get().status().message(), "the context is spoiled");
  AwaitFitness([](const Fitness& fitness) { return fitness.lost; });
  EXPECT_EQ(engine_->fitness().stuck_forwards, 0);
  EXPECT_EQ(Send(Pieces({3})).get().status().message(),
            "the context is spoiled");
  EXPECT_EQ(observer_.failed_inputs(), 0);
}

TEST_F(FitnessTest, AModelThatFailsOnItsTrialIsFailing) {
  StartPatient();
  // The trial's pieces are zeros.
  strings_->FailOn(0, Error(Reason::kForwardFailed, "broken"));
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(engine_->fitness().failing.empty());
    EXPECT_FALSE(Send(Pieces({0})).get()->inputs[0].status.ok());
  }
  AwaitFitness([](const Fitness& fitness) { return !fitness.failing.empty(); });
  EXPECT_EQ(engine_->fitness().failing,
            (std::set<ModelId>{{.name = "puppet", .version = 1}}));
  EXPECT_TRUE(engine_->fitness().devices.ok());
  EXPECT_GE(observer_.failed_inputs(), 5);
  // It is tried again without anybody asking.
  strings_->FailOn(-1, absl::OkStatus());
  AwaitFitness([](const Fitness& fitness) { return fitness.failing.empty(); });
  Await([&] { return changes_ >= 2; });
}

TEST_F(FitnessTest, AFailingModelThatIsUnloadedIsOfNoInterest) {
  auto model = MakePuppetModel("gone", strings_);
  const ModelId id = model->id;
  registry_.SetLoading(id);
  ASSERT_TRUE(registry_.SetReady(std::move(model)).ok());
  StartPatient();
  strings_->FailOn(0, Error(Reason::kForwardFailed, "broken"));
  EncodeCall call = Pieces({0});
  call.model = "gone";
  for (int i = 0; i < 5; ++i) Send(call).get().IgnoreError();
  AwaitFitness([](const Fitness& fitness) { return !fitness.failing.empty(); });
  const int changes = changes_;
  ASSERT_TRUE(registry_.SetDraining(id).ok());
  registry_.Remove(id);
  AwaitFitness([](const Fitness& fitness) { return fitness.failing.empty(); });
  // It is told though nothing ran.
  Await([&] { return changes_ > changes; });
}

TEST_F(FitnessTest, WhatWasGivenUpIsNotTriedInHalves) {
  // Long enough for a busy machine to release the first in time.
  StartWith(absl::Seconds(2));
  strings_->Hold();
  auto first = Send(Pieces({1}));
  strings_->AwaitEntered(1);
  strings_->FailOn(kBad, Error(Reason::kForwardFailed, "a bad piece"));
  // Both in one batch, which fails when it comes on.
  auto bad = Send(Pieces({kBad}));
  auto beside = Send(Pieces({2}));
  strings_->Release();
  strings_->AwaitEntered(2);
  EXPECT_FALSE(bad.get().ok());
  EXPECT_FALSE(beside.get().ok());
  strings_->ReleaseAll();
  engine_->Stop();
  EXPECT_TRUE(engine_->AwaitForwards(absl::InfiniteDuration()));
  EXPECT_EQ(strings_->batches().size(), 2);
  EXPECT_EQ(observer_.failed_inputs(), 0);
}

TEST_F(FitnessTest, CallersThatSendWhatFailsDoNotMakeAModelFail) {
  StartPatient();
  strings_->FailOn(kBad, Error(Reason::kForwardFailed, "a bad piece"));
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(SendBad()->inputs[0].status.message(), "a bad piece");
  }
  // 12 inputs that fail in a row are followed by two trials.
  Await([&] { return observer_.batches().size() >= 14; });
  EXPECT_EQ(engine_->fitness(), Fitness{});
  EXPECT_EQ(changes_, 0);
}

class ThrowingTokenizer final : public Tokenizer {
 public:
  absl::StatusOr<Tokens> Encode(
      absl::string_view text, const EncodeOptions& /*options*/) const override {
    if (text == "large") throw std::bad_alloc();
    throw std::runtime_error("secret");
  }
  absl::StatusOr<std::string> Decode(
      std::span<const std::int64_t> /*ids*/,
      bool /*skip_special_pieces*/) const override {
    throw std::runtime_error("secret");
  }
  std::string PieceText(std::int64_t /*id*/) const override { return ""; }
  std::int64_t VocabularySize() const override { return 100; }
};

TEST_F(FitnessTest, ATokenizerThatThrowsFailsTheCallAndSaysNothingOfTheText) {
  auto model = MakePuppetModel("throwing", strings_);
  model->tokenizer = std::make_shared<ThrowingTokenizer>();
  registry_.SetLoading(model->id);
  ASSERT_TRUE(registry_.SetReady(std::move(model)).ok());
  Start();
  EncodeCall call = Texts({"secret"});
  call.model = "throwing";
  const absl::Status status = Send(call).get().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ReasonOf(status), Reason::kTokenizerFailed);
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("secret")));

  EncodeCall large = Texts({"large"});
  large.model = "throwing";
  EXPECT_TRUE(absl::IsResourceExhausted(Send(large).get().status()));

  DetokenizeCall decode;
  decode.model = "throwing";
  decode.inputs = {{1}};
  std::promise<absl::StatusOr<DetokenizeReply>> decoded;
  engine_->Detokenize(decode, [&](absl::StatusOr<DetokenizeReply> reply) {
    decoded.set_value(std::move(reply));
  });
  EXPECT_EQ(ReasonOf(decoded.get_future().get().status()),
            Reason::kTokenizerFailed);

  // Pieces need no tokenizer, and the other model has another one.
  EncodeCall pieces = Pieces({1});
  pieces.model = "throwing";
  EXPECT_TRUE(Send(pieces).get().ok());
  EncodeCall other = Texts({"A"});
  other.model = "puppet";
  EXPECT_TRUE(Send(other).get().ok());
}

}  // namespace
}  // namespace strata
