// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/file_answer.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/error.h"
#include "core/base/thread_pool.h"
#include "core/engine/call.h"
#include "gtest/gtest.h"
#include "tests/fakes/counting_tensor.h"
#include "tests/server/temporary_directory.h"

namespace strata {
namespace {

EncodedInput Computed() {
  EncodedInput input;
  input.outputs.push_back(CountingTensor({1, 2, 2}, 8, 'a'));
  return input;
}

class FileAnswerTest : public testing::Test {
 protected:
  FileAnswerTest() {
    EncodeCall call;
    call.inputs.resize(2);
    auto form = FileFormOf(call);
    EXPECT_TRUE(form.ok()) << form.status();
    answer_ = std::make_shared<FileAnswer>(path_, *std::move(form), 2, pool_);
    stop_ = answer_->StopWith(caller_.get_token());
  }

  void Finish(const absl::Status& status = absl::OkStatus()) {
    answer_->Finish(status, {}, [this](absl::StatusOr<std::int64_t> bytes) {
      ended_ = std::move(bytes);
    });
  }

  // Once all that was to be done is.
  std::ptrdiff_t Files() {
    pool_.Join();
    return std::distance(std::filesystem::directory_iterator(folder_.path()),
                         {});
  }

  const TemporaryDirectory folder_;
  const std::filesystem::path path_ = folder_.path() / "a.safetensors";
  ThreadPool pool_{1};
  std::stop_source caller_;
  std::shared_ptr<FileAnswer> answer_;
  std::stop_token stop_;
  // nullopt: nobody was told.
  std::optional<absl::StatusOr<std::int64_t>> ended_;
};

TEST_F(FileAnswerTest, WritesWhatComes) {
  answer_->OnInput(1, Computed(), nullptr);
  answer_->OnInput(0, Computed(), nullptr);
  Finish();
  EXPECT_EQ(Files(), 1);
  ASSERT_TRUE(ended_.has_value() && ended_->ok());
  EXPECT_EQ(std::filesystem::file_size(path_),
            static_cast<std::uintmax_t>(**ended_));
  EXPECT_FALSE(stop_.stop_requested());
}

TEST_F(FileAnswerTest, ACallerThatGoesAwayLeavesNothing) {
  answer_->OnInput(0, Computed(), nullptr);
  caller_.request_stop();
  // The device is not to compute for it any more.
  EXPECT_TRUE(stop_.stop_requested());
  answer_->OnInput(1, Computed(), nullptr);
  Finish();
  EXPECT_EQ(Files(), 0);
  ASSERT_TRUE(ended_.has_value());
  EXPECT_EQ(ReasonOf(ended_->status()), Reason::kCallerCancelled);
}

TEST_F(FileAnswerTest, AnInputThatFailsStopsTheOthers) {
  answer_->OnInput(0, Computed(), nullptr);
  answer_->OnInput(1, {.status = Error(Reason::kForwardFailed, "infinite")},
                   nullptr);
  EXPECT_TRUE(stop_.stop_requested());
  Finish(Error(Reason::kCallerCancelled, "the caller cancelled"));
  EXPECT_EQ(Files(), 0);
  ASSERT_TRUE(ended_.has_value());
  // What was first.
  EXPECT_EQ(ReasonOf(ended_->status()), Reason::kForwardFailed);
  EXPECT_EQ(ended_->status().message(), "inputs[1]: infinite");
}

// Refusals do not wait behind what others write.
TEST_F(FileAnswerTest, AFailureIsToldAtOnce) {
  std::stop_source blocked;
  pool_.Submit([token = blocked.get_token()] {
    while (!token.stop_requested()) std::this_thread::yield();
  });
  answer_->OnInput(0, Computed(), nullptr);
  Finish(Error(Reason::kDeadlinePassed, "the deadline passed"));
  ASSERT_TRUE(ended_.has_value());
  EXPECT_EQ(ReasonOf(ended_->status()), Reason::kDeadlinePassed);
  blocked.request_stop();
  EXPECT_EQ(Files(), 0);
}

}  // namespace
}  // namespace strata
