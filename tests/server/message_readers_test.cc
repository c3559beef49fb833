// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/message_readers.h"

#include <cstdint>
#include <future>
#include <thread>

#include "gtest/gtest.h"

namespace strata {
namespace {

constexpr std::int64_t kMebibyte = std::int64_t{1} << 20;

// The thread that a message is read on.
std::thread::id ReadOn(MessageReaders& readers, std::int64_t bytes) {
  std::promise<std::thread::id> thread;
  readers.Read(bytes, [&] { thread.set_value(std::this_thread::get_id()); });
  return thread.get_future().get();
}

TEST(MessageReadersTest, ShortMessagesAreReadWhereTheyCome) {
  MessageReaders readers(1, 100 * kMebibyte);
  EXPECT_EQ(ReadOn(readers, 1000), std::this_thread::get_id());
  EXPECT_NE(ReadOn(readers, kMebibyte), std::this_thread::get_id());
}

TEST(MessageReadersTest, WhereTooMuchWaitsWhoBringsMoreReadsIt) {
  MessageReaders readers(1, 3 * kMebibyte);
  std::promise<void> go;
  std::promise<void> read;
  readers.Read(kMebibyte, [&] { go.get_future().wait(); });
  readers.Read(2 * kMebibyte, [&] { read.set_value(); });
  EXPECT_EQ(ReadOn(readers, kMebibyte), std::this_thread::get_id());
  go.set_value();
  read.get_future().wait();
}

}  // namespace
}  // namespace strata
