// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/base/thread_pool.h"

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace strata {
namespace {

TEST(ThreadPool, OneThreadRunsTasksInOrder) {
  std::vector<int> order;
  {
    ThreadPool pool(1);
    for (int i = 0; i < 5; ++i) {
      pool.Submit([&order, i] { order.push_back(i); });
    }
  }
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(ThreadPool, ThreadsRunAtOnce) {
  ThreadPool pool(2);
  std::latch both(2);
  for (int i = 0; i < 2; ++i) pool.Submit([&both] { both.arrive_and_wait(); });
  both.wait();  // Ends only if two threads run the two tasks together.
  pool.Join();
}

TEST(ThreadPool, JoinRunsWhatTasksSubmitted) {
  std::atomic<int> ran = 0;
  ThreadPool pool(2);
  pool.Submit([&] {
    pool.Submit([&ran] { ++ran; });
    ++ran;
  });
  pool.Join();
  EXPECT_EQ(ran, 2);
  pool.Join();  // Idempotent.
}

TEST(ThreadPool, TakesTasksFromManyThreads) {
  std::atomic<int> ran = 0;
  ThreadPool pool(3);
  {
    std::vector<std::jthread> callers;
    callers.reserve(4);
    for (int i = 0; i < 4; ++i) {
      callers.emplace_back([&] {
        for (int j = 0; j < 250; ++j) pool.Submit([&ran] { ++ran; });
      });
    }
  }
  pool.Join();
  EXPECT_EQ(ran, 1000);
}

}  // namespace
}  // namespace strata
