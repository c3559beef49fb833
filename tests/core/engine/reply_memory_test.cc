// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/engine/reply_memory.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/base/host_tensor.h"
#include "gtest/gtest.h"
#include "tests/fakes/host_bytes.h"
#include "tests/fakes/recording_observer.h"

namespace strata {
namespace {

using Outputs = std::vector<HostTensor>;
using Memory = std::vector<std::byte>;

std::shared_ptr<const Memory> MakeMemory(std::size_t size) {
  auto memory = std::make_shared<Memory>();
  for (std::size_t i = 0; i < size; ++i) {
    memory->push_back(static_cast<std::byte>(i));
  }
  return memory;
}

// `blocks` of `memory`, as begin and end.
HostTensor TensorIn(const std::shared_ptr<const Memory>& memory,
                    const std::vector<std::pair<int, int>>& blocks) {
  HostTensor tensor{.owner = memory, .owner_bytes = std::ssize(*memory)};
  for (const auto& [begin, end] : blocks) {
    tensor.blocks.push_back(
        std::span<const std::byte>(*memory).subspan(begin, end - begin));
  }
  return tensor;
}

class ReplyMemoryTest : public testing::Test {
 protected:
  void Start(const ReplyMemoryLimits& limits) {
    memory_.emplace(limits, [] { return absl::Seconds(2); }, observer_);
  }

  // What one tensor of a batch's memory becomes when it is kept.
  HostTensor Keep(const std::shared_ptr<const Memory>& memory, int begin,
                  int end) {
    auto rooms = memory_->Reserve({end - begin}, "");
    EXPECT_TRUE(rooms.ok()) << rooms.status();
    Outputs outputs = {TensorIn(memory, {{begin, end}})};
    memory_->Keep(std::move(rooms->at(0)), outputs);
    return std::move(outputs[0]);
  }

  RecordingObserver observer_;
  std::optional<ReplyMemory> memory_;
};

TEST_F(ReplyMemoryTest, RoomIsBoundedUntilItsLastUserIsGone) {
  Start({.max_bytes = 100});
  auto rooms = memory_->Reserve({40, 20}, "");
  ASSERT_TRUE(rooms.ok());
  EXPECT_EQ(observer_.reply_bytes(), 60);
  const auto full = memory_->Reserve({30, 11}, "").status();
  EXPECT_EQ(ReasonOf(full), Reason::kServerFull);
  EXPECT_EQ(RetryAfterOf(full), absl::Seconds(2));
  EXPECT_EQ(full.message(),
            "answers of 60 bytes are not sent yet and this one would hold 41; "
            "at most 100 may be; read the answers that have come, or ask for "
            "less");
  Outputs outputs = {TensorIn(MakeMemory(8), {{0, 8}}),
                     TensorIn(MakeMemory(8), {{0, 8}})};
  memory_->Keep(std::move(rooms->at(0)), outputs);
  rooms->clear();
  EXPECT_EQ(observer_.reply_bytes(), 40);
  outputs.pop_back();
  EXPECT_EQ(observer_.reply_bytes(), 40);
  // The network may have several slices of a tensor.
  std::shared_ptr<const void> slice = outputs[0].owner;
  outputs.clear();
  EXPECT_EQ(observer_.reply_bytes(), 40);
  slice.reset();
  EXPECT_EQ(observer_.reply_bytes(), 0);
  EXPECT_EQ(observer_.leased_bytes(), 0);
}

TEST_F(ReplyMemoryTest, AClientWhoDoesNotReadLeavesRoomForTheOthers) {
  Start({.max_bytes = 100, .max_client_share = 0.5});
  const auto theirs = memory_->Reserve({40}, "a");
  const auto full = memory_->Reserve({11}, "a").status();
  EXPECT_EQ(ReasonOf(full), Reason::kServerFull);
  EXPECT_TRUE(absl::StartsWith(
      full.message(), "answers to this client of 40 bytes are not sent yet"))
      << full;
  EXPECT_TRUE(memory_->Reserve({60}, "b").ok());
}

TEST_F(ReplyMemoryTest, AnAnswerLargerThanAllHasRoomAlone) {
  Start({.max_bytes = 100, .max_client_share = 0.5});
  EXPECT_TRUE(memory_->Reserve({1000}, "a").ok());
  const auto small = memory_->Reserve({1}, "");
  EXPECT_FALSE(memory_->Reserve({1000}, "a").ok());
}

TEST_F(ReplyMemoryTest, ABatchsMemoryIsLeasedOnceHoweverManyHoldIt) {
  Start({.max_leased_bytes = 100});
  const auto batch = MakeMemory(80);
  HostTensor first = Keep(batch, 0, 10);
  HostTensor second = Keep(batch, 10, 80);
  EXPECT_EQ(observer_.leased_bytes(), 80);
  EXPECT_EQ(observer_.spills(), 0);
  EXPECT_EQ(first.blocks[0].data(), batch->data());
  first.owner.reset();
  EXPECT_EQ(observer_.leased_bytes(), 80);
  second.owner.reset();
  EXPECT_EQ(observer_.leased_bytes(), 0);
}

TEST_F(ReplyMemoryTest, BeyondTheLeaseAnAnswerHasMemoryOfItsOwn) {
  Start({.max_leased_bytes = 100});
  const HostTensor leased = Keep(MakeMemory(80), 0, 10);
  auto batch = MakeMemory(30);
  const std::weak_ptr<const Memory> freed = batch;
  const HostTensor spilled = Keep(batch, 5, 9);
  batch.reset();
  EXPECT_TRUE(freed.expired());
  EXPECT_EQ(observer_.spills(), 1);
  EXPECT_EQ(observer_.leased_bytes(), 80);
  EXPECT_EQ(observer_.reply_bytes(), 14);
  const std::vector<std::byte> expected = {std::byte{5}, std::byte{6},
                                           std::byte{7}, std::byte{8}};
  EXPECT_EQ(Bytes(spilled), expected);
  // Whatever fits is leased.
  const HostTensor small = Keep(MakeMemory(20), 0, 10);
  EXPECT_EQ(observer_.spills(), 1);
  EXPECT_EQ(observer_.leased_bytes(), 100);
}

TEST_F(ReplyMemoryTest, ASpillKeepsTheOutputsAndTheirBlocksInOrder) {
  Start({.max_leased_bytes = 1});
  const HostTensor leased = Keep(MakeMemory(80), 0, 10);
  auto rooms = memory_->Reserve({4}, "");
  const auto layers = MakeMemory(9);
  Outputs outputs = {TensorIn(layers, {{7, 9}, {0, 1}}), HostTensor(),
                     TensorIn(MakeMemory(3), {{2, 3}})};
  outputs[0].shape = {3};
  memory_->Keep(std::move(rooms->at(0)), outputs);
  EXPECT_EQ(Bytes(outputs[0]),
            (std::vector<std::byte>{std::byte{7}, std::byte{8}, std::byte{0}}));
  EXPECT_EQ(outputs[0].shape, std::vector<std::int64_t>{3});
  EXPECT_TRUE(outputs[1].blocks.empty());
  EXPECT_EQ(outputs[1].owner, nullptr);
  EXPECT_EQ(Bytes(outputs[2]), std::vector<std::byte>{std::byte{2}});
  EXPECT_EQ(observer_.spills(), 1);
}

TEST_F(ReplyMemoryTest, ABatchLargerThanTheLeaseHasItAlone) {
  Start({.max_leased_bytes = 10});
  const auto batch = MakeMemory(50);
  const HostTensor first = Keep(batch, 0, 10);
  // It is held already, so that another's part of it holds no more.
  const HostTensor second = Keep(batch, 10, 20);
  EXPECT_EQ(observer_.spills(), 0);
  EXPECT_EQ(observer_.leased_bytes(), 50);
}

TEST_F(ReplyMemoryTest, WhatTheNetworkHoldsMayOutliveIt) {
  Start({});
  const HostTensor sent = Keep(MakeMemory(80), 0, 10);
  memory_.reset();
  // Its observer may have gone too, and is told nothing.
  EXPECT_EQ(observer_.reply_bytes(), 10);
  const HostTensor last = sent;
}

TEST_F(ReplyMemoryTest, ManyThreadsLeaveNothingBehind) {
  Start({.max_bytes = 2000, .max_leased_bytes = 200});
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([this, client = std::to_string(i % 2)] {
        for (int turn = 0; turn < 300; ++turn) {
          auto rooms = memory_->Reserve({10, 10}, client);
          ASSERT_TRUE(rooms.ok()) << rooms.status();
          const auto batch = MakeMemory(100);
          std::vector<Outputs> answers(2);
          for (int input = 0; input < 2; ++input) {
            answers[input] = {
                TensorIn(batch, {{10 * input, (10 * input) + 10}})};
            memory_->Keep(std::move(rooms->at(input)), answers[input]);
            ASSERT_EQ(Bytes(answers[input][0])[3],
                      static_cast<std::byte>((10 * input) + 3));
          }
        }
      });
    }
  }
  EXPECT_EQ(observer_.reply_bytes(), 0);
  EXPECT_EQ(observer_.leased_bytes(), 0);
}

}  // namespace
}  // namespace strata
