// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "client/cli/line_source.h"
#include "core/base/mutex.h"
#include "tests/client/cli/puppet_bytes.h"

namespace strata::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Answers that come when a test says so. Thread-safe.
class PuppetAnswers {
 public:
  // Waits to be allowed; answers each line with an encoding.
  BatchAnswer operator()(const std::vector<Line>& lines) {
    const std::int64_t first = lines.front().index;
    {
      const MutexLock lock(mutex_);
      asked_.insert(first);
      changed_.NotifyAll();
      while (!allowed_.contains(first) && !all_) changed_.Wait(mutex_);
    }
    BatchAnswer answer;
    for (const Line& line : lines) {
      answer.response.add_encodings()->set_piece_count(
          static_cast<int>(line.index));
    }
    return answer;
  }

  // The batch that begins with this text may be answered.
  void Allow(std::int64_t first) {
    const MutexLock lock(mutex_);
    allowed_.insert(first);
    changed_.NotifyAll();
  }
  void AllowAll() {
    const MutexLock lock(mutex_);
    all_ = true;
    changed_.NotifyAll();
  }
  void AwaitAsked(std::size_t count) {
    const MutexLock lock(mutex_);
    while (asked_.size() < count) changed_.Wait(mutex_);
  }
  std::set<std::int64_t> asked() {
    const MutexLock lock(mutex_);
    return asked_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::set<std::int64_t> asked_ ABSL_GUARDED_BY(mutex_);
  std::set<std::int64_t> allowed_ ABSL_GUARDED_BY(mutex_);
  bool all_ ABSL_GUARDED_BY(mutex_) = false;
};

std::vector<std::string> Texts(std::size_t count) {
  return std::vector<std::string>(count, "text");
}

// Those of the next batch, which there must be.
std::vector<Line> TakeLines(Pipeline& pipeline) {
  auto batch = pipeline.Take();
  if (batch.has_value()) return std::move(batch->lines);
  ADD_FAILURE() << "there is no batch";
  return {Line()};
}

// The index of the first line of each batch that is left.
std::vector<std::int64_t> TakeAll(Pipeline& pipeline) {
  std::vector<std::int64_t> firsts;
  while (auto batch = pipeline.Take()) {
    firsts.push_back(batch->lines.front().index);
    EXPECT_EQ(batch->answer.response.encodings_size(),
              static_cast<int>(batch->lines.size()));
  }
  return firsts;
}

TEST(Pipeline, GivesAnswersInTheOrderOfTheTexts) {
  LineSource source(Texts(5), 2);
  PuppetAnswers answers;
  Pipeline pipeline(source, std::ref(answers), 3);
  answers.AwaitAsked(3);
  answers.Allow(4);
  answers.Allow(2);
  EXPECT_FALSE(pipeline.WaitFor(absl::ZeroDuration()));
  answers.Allow(0);
  EXPECT_TRUE(pipeline.WaitFor(absl::Hours(1)));
  EXPECT_THAT(TakeAll(pipeline), ElementsAre(0, 2, 4));
  EXPECT_TRUE(pipeline.source_status().ok());
}

TEST(Pipeline, HoldsNoMoreBatchesThanItHasThreads) {
  LineSource source(Texts(10), 1);
  PuppetAnswers answers;
  Pipeline pipeline(source, std::ref(answers), 2);
  answers.AwaitAsked(2);
  // The second is answered, and keeps its place until the first is taken.
  answers.Allow(1);
  answers.Allow(0);
  EXPECT_TRUE(pipeline.WaitFor(absl::Hours(1)));
  EXPECT_THAT(answers.asked(), ElementsAre(0, 1));
  EXPECT_EQ(TakeLines(pipeline).front().index, 0);
  answers.AwaitAsked(3);
  answers.AllowAll();
  EXPECT_THAT(TakeAll(pipeline), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9));
}

TEST(Pipeline, ATextThatTricklesInIsAnsweredAtOnce) {
  auto owned = std::make_unique<PuppetBytes>();
  PuppetBytes& bytes = *owned;
  LineSource source(std::move(owned), 32);
  PuppetAnswers answers;
  answers.AllowAll();
  Pipeline pipeline(source, std::ref(answers), 2);
  bytes.Give("one\n");
  EXPECT_EQ(TakeLines(pipeline).front().text, "one");
  EXPECT_FALSE(pipeline.WaitFor(absl::ZeroDuration()));
  bytes.Give("two\nthree\n");
  EXPECT_EQ(TakeLines(pipeline).back().text, "three");
  bytes.End();
  EXPECT_THAT(TakeAll(pipeline), IsEmpty());
}

TEST(Pipeline, WhyTheSourceFailedComesAfterItsTexts) {
  auto owned = std::make_unique<PuppetBytes>();
  owned->Give("one\n");
  owned->Fail("gone");
  LineSource source(std::move(owned), 32);
  PuppetAnswers answers;
  answers.AllowAll();
  Pipeline pipeline(source, std::ref(answers), 4);
  EXPECT_THAT(TakeAll(pipeline), ElementsAre(0));
  EXPECT_EQ(pipeline.source_status().message(),
            "line 2 of the puppet cannot be read: gone");
}

TEST(Pipeline, EndsWithItsSourceStopped) {
  auto owned = std::make_unique<PuppetBytes>();
  owned->Give("one\n");
  LineSource source(std::move(owned), 32);
  PuppetAnswers answers;
  Pipeline pipeline(source, std::ref(answers), 4);
  answers.AwaitAsked(1);
  source.Stop();
  answers.AllowAll();
  // What was asked is still answered.
  EXPECT_THAT(TakeAll(pipeline), ElementsAre(0));
  EXPECT_TRUE(pipeline.source_status().ok());
}

TEST(Pipeline, MayBeLeftBeforeItsEnd) {
  LineSource source(Texts(100), 1);
  PuppetAnswers answers;
  answers.AllowAll();
  Pipeline pipeline(source, std::ref(answers), 4);
  EXPECT_EQ(TakeLines(pipeline).front().index, 0);
}

}  // namespace
}  // namespace strata::cli
