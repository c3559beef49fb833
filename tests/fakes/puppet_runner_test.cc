// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/fakes/puppet_runner.h"

#include <memory>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "core/base/error.h"
#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "gtest/gtest.h"
#include "tests/fakes/host_numbers.h"

namespace strata {
namespace {

Sequence MakeSequence(std::vector<std::int64_t> ids, OutputSpec spec) {
  return {.ids = std::move(ids),
          .outputs = std::make_shared<std::vector<OutputSpec>>(
              std::vector<OutputSpec>{std::move(spec)})};
}

TEST(PuppetRunner, NumbersShowLayerAndPiece) {
  PuppetRunner runner(2, std::make_shared<PuppetStrings>());
  const Sequence a = MakeSequence({7, 8}, {.layers = {0, 3}});
  const Sequence b =
      MakeSequence({5}, {.layers = {1}, .pooling = Pooling::kMean});
  const BatchPlan plan{.rows = {{{0}}, {{1}}}, .length = 2};
  const std::vector<const Sequence*> sequences = {&a, &b};
  const auto results = runner.Run(sequences, plan);
  ASSERT_TRUE(results.ok());
  EXPECT_EQ(Numbers((*results)[0][0]),
            (std::vector<float>{7, 7, 8, 8, 3007, 3007, 3008, 3008}));
  EXPECT_EQ(Numbers((*results)[1][0]), (std::vector<float>{1005, 1005}));
}

TEST(PuppetRunner, RemembersItsBatches) {
  const auto strings = std::make_shared<PuppetStrings>();
  PuppetRunner runner(1, strings);
  const Sequence a = MakeSequence({7, 8}, {.layers = {0}});
  const std::vector<const Sequence*> sequences = {&a};
  ASSERT_TRUE(runner.Run(sequences, {.rows = {{{0}}}, .length = 2}).ok());
  EXPECT_EQ(strings->batches(),
            (std::vector<PuppetBatch>{{.pieces = {2}, .length = 2}}));
}

TEST(PuppetRunner, FailsOnThePieceItIsToldTo) {
  const auto strings = std::make_shared<PuppetStrings>();
  strings->FailOn(8, Error(Reason::kForwardFailed, "as told"));
  PuppetRunner runner(1, strings);
  const Sequence bad = MakeSequence({7, 8}, {.layers = {0}});
  const Sequence good = MakeSequence({7}, {.layers = {0}});
  const BatchPlan plan{.rows = {{{0}}}, .length = 2};
  EXPECT_EQ(runner.Run(std::vector{&bad}, plan).status().message(), "as told");
  EXPECT_TRUE(runner.Run(std::vector{&good}, plan).ok());
}

TEST(PuppetRunner, HoldsUntilReleased) {
  const auto strings = std::make_shared<PuppetStrings>();
  strings->Hold();
  PuppetRunner runner(1, strings);
  const Sequence a = MakeSequence({1}, {.layers = {0}});
  const BatchPlan plan{.rows = {{{0}}}, .length = 1};
  int ran = 0;
  std::jthread thread([&] {
    for (; ran < 3; ++ran) {
      ASSERT_TRUE(runner.Run(std::vector{&a}, plan).ok());
    }
  });
  strings->AwaitEntered(1);
  EXPECT_EQ(strings->batches().size(), 1);
  strings->Release();
  strings->AwaitEntered(2);
  strings->ReleaseAll();
  thread.join();
  EXPECT_EQ(ran, 3);
}

}  // namespace
}  // namespace strata
