// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/line_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/client/cli/puppet_bytes.h"

namespace strata::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A source of bytes that a test holds on to.
struct Puppet {
  explicit Puppet(std::optional<std::int64_t> size = std::nullopt)
      : owned(std::make_unique<PuppetBytes>(size)), bytes(*owned) {}

  std::unique_ptr<PuppetBytes> owned;
  PuppetBytes& bytes;
};

std::vector<std::string> TakeTexts(LineSource& source) {
  const auto lines = source.Take();
  EXPECT_TRUE(lines.ok()) << lines.status();
  std::vector<std::string> texts;
  if (!lines.ok()) return texts;
  for (const Line& line : *lines) texts.push_back(line.text);
  return texts;
}

TEST(LineSource, OfAPipeWhatIsThereIsABatch) {
  Puppet puppet;
  LineSource source(std::move(puppet.owned), 3);
  puppet.bytes.Give("one\n");
  EXPECT_THAT(TakeTexts(source), ElementsAre("one"));
  puppet.bytes.Give("2\n3\n4\n5\n");
  EXPECT_THAT(TakeTexts(source), ElementsAre("2", "3", "4"));
  EXPECT_THAT(TakeTexts(source), ElementsAre("5"));
  puppet.bytes.End();
  EXPECT_THAT(TakeTexts(source), IsEmpty());
  EXPECT_THAT(TakeTexts(source), IsEmpty());
}

TEST(LineSource, OfAFileBatchesAreFull) {
  Puppet puppet(/*size=*/12);
  puppet.bytes.Give("1\n");
  puppet.bytes.Give("2\n3\n4");
  puppet.bytes.Give("\n5\n");
  puppet.bytes.End();
  LineSource source(std::move(puppet.owned), 2);
  EXPECT_THAT(TakeTexts(source), ElementsAre("1", "2"));
  EXPECT_THAT(TakeTexts(source), ElementsAre("3", "4"));
  EXPECT_THAT(TakeTexts(source), ElementsAre("5"));
  EXPECT_THAT(TakeTexts(source), IsEmpty());
}

TEST(LineSource, TextsThatAreAllThere) {
  LineSource source({"one", "two\nlines", ""}, 2);
  EXPECT_TRUE(source.HasSeveral());
  EXPECT_THAT(TakeTexts(source), ElementsAre("one", "two\nlines"));
  EXPECT_THAT(TakeTexts(source), ElementsAre(""));
  EXPECT_THAT(TakeTexts(source), IsEmpty());
}

TEST(LineSource, LinesKnowTheirPlace) {
  Puppet puppet;
  puppet.bytes.Give("one\ntwo\n");
  LineSource source(std::move(puppet.owned), 1);
  EXPECT_EQ(source.Take()->at(0).index, 0);
  const auto second = source.Take();
  EXPECT_EQ(second->at(0).index, 1);
  EXPECT_EQ(second->at(0).end, 8);
}

TEST(LineSource, LongTextsAreTakenApart) {
  const std::string seven_mib(std::size_t{7} << 20U, 'x');
  LineSource source({seven_mib, seven_mib, seven_mib, "short"}, 32);
  EXPECT_THAT(TakeTexts(source), ElementsAre(seven_mib, seven_mib));
  EXPECT_THAT(TakeTexts(source), ElementsAre(seven_mib, "short"));
  const std::string large(std::size_t{20} << 20U, 'x');
  LineSource larger({large, large}, 32);
  EXPECT_THAT(TakeTexts(larger), ElementsAre(large));
}

TEST(LineSource, ReadsNoFurtherThanABatchAndARead) {
  Puppet puppet(/*size=*/40);
  for (int i = 0; i < 10; ++i) puppet.bytes.Give("1\n2\n");
  LineSource source(std::move(puppet.owned), 4);
  // Two reads fill it; a third one comes only when a batch was taken.
  puppet.bytes.AwaitReads(2);
  EXPECT_TRUE(source.HasSeveral());
  EXPECT_LE(puppet.bytes.reads(), 2);
  EXPECT_EQ(source.Take()->size(), 4U);
  puppet.bytes.AwaitReads(3);
}

TEST(LineSource, AnErrorComesAfterTheLinesBeforeIt) {
  Puppet puppet;
  puppet.bytes.Give("one\ntwo\n");
  puppet.bytes.Fail("gone");
  LineSource source(std::move(puppet.owned), 1);
  EXPECT_THAT(TakeTexts(source), ElementsAre("one"));
  EXPECT_THAT(TakeTexts(source), ElementsAre("two"));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(source.Take().status().message(),
              "line 3 of the puppet cannot be read: gone");
  }
}

TEST(LineSource, KnowsWhetherThereAreSeveralWhateverTheBatch) {
  Puppet one;
  one.bytes.Give("one\n");
  one.bytes.End();
  LineSource single(std::move(one.owned), 1);
  EXPECT_FALSE(single.HasSeveral());
  EXPECT_THAT(TakeTexts(single), ElementsAre("one"));

  Puppet two;
  two.bytes.Give("one\n");
  two.bytes.Give("two\n");
  LineSource several(std::move(two.owned), 1);
  EXPECT_TRUE(several.HasSeveral());
  EXPECT_THAT(TakeTexts(several), ElementsAre("one"));
}

TEST(LineSource, StopEndsEveryWait) {
  Puppet puppet;
  puppet.bytes.Give("not a whole line");
  LineSource source(std::move(puppet.owned), 1);
  puppet.bytes.AwaitReads(2);
  std::jthread stopper([&] { source.Stop(); });
  EXPECT_FALSE(source.HasSeveral());
  EXPECT_THAT(TakeTexts(source), IsEmpty());
}

}  // namespace
}  // namespace strata::cli
