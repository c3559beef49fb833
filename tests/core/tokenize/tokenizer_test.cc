// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// What holds of every tokenizer: it says what the Python packages say.

#include "core/tokenize/tokenizer.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/tokenize/trained_tokenizers.h"

namespace strata {

namespace {

using testing::Each;
using testing::ElementsAreArray;
using testing::Truly;

class TokenizerTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    auto loaded = LoadTokenizer(TrainedTokenizer(GetParam()));
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    tokenizer_ = *std::move(loaded);
  }

  void ForEachText(void (*check)(const Tokenizer&, const ExpectedText&)) {
    ASSERT_GE(expected_.texts.size(), 100U);
    for (const ExpectedText& expected : expected_.texts) {
      SCOPED_TRACE(testing::PrintToString(expected.text));
      check(*tokenizer_, expected);
    }
  }

  const ExpectedTokenizer expected_ = ReadExpected(GetParam());
  std::shared_ptr<const Tokenizer> tokenizer_;
};

void CheckSplit(const Tokenizer& tokenizer, const ExpectedText& expected) {
  const auto tokens = tokenizer.Encode(expected.text, {});
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  ExpectTokens(*tokens, expected.tokens);
}

TEST_P(TokenizerTest, SplitsAsThePythonPackageDoes) { ForEachText(CheckSplit); }

void CheckPlainSplit(const Tokenizer& tokenizer, const ExpectedText& expected) {
  const auto tokens =
      tokenizer.Encode(expected.text, {.add_special_pieces = false});
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  EXPECT_THAT(tokens->ids, ElementsAreArray(expected.plain_ids));
  EXPECT_EQ(tokens->ranges.size(), tokens->ids.size());
  EXPECT_THAT(tokens->origins, Each(PieceOrigin::kText));
}

TEST_P(TokenizerTest, LeavesSpecialPiecesOut) { ForEachText(CheckPlainSplit); }

void CheckJoin(const Tokenizer& tokenizer, const ExpectedText& expected) {
  const auto text = tokenizer.Decode(expected.tokens.ids, true);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, expected.decoded);
  const auto whole = tokenizer.Decode(expected.tokens.ids, false);
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_EQ(*whole, expected.decoded_whole);
}

TEST_P(TokenizerTest, JoinsAsThePythonPackageDoes) { ForEachText(CheckJoin); }

void CheckPieces(const Tokenizer& tokenizer, const ExpectedText& expected) {
  std::vector<std::string> pieces;
  pieces.reserve(expected.tokens.ids.size());
  for (const std::int64_t id : expected.tokens.ids) {
    pieces.push_back(tokenizer.PieceText(id));
  }
  EXPECT_EQ(pieces, expected.pieces);
}

TEST_P(TokenizerTest, NamesPiecesAsThePythonPackageDoes) {
  ForEachText(CheckPieces);
}

TEST_P(TokenizerTest, KnowsItsVocabulary) {
  EXPECT_EQ(tokenizer_->VocabularySize(), expected_.vocabulary_size);
  ASSERT_EQ(expected_.vocabulary.size(),
            static_cast<std::size_t>(expected_.vocabulary_size));
  for (std::int64_t id = 0; id < expected_.vocabulary_size; ++id) {
    EXPECT_EQ(tokenizer_->PieceText(id), expected_.vocabulary[id]) << id;
  }
}

TEST_P(TokenizerTest, HasNoTextForIdsOutsideItsVocabulary) {
  for (const std::int64_t id :
       {std::int64_t{-1}, tokenizer_->VocabularySize(),
        std::int64_t{1} << 32,  // Would be 0 where it was cut to 32 bits.
        std::int64_t{1} << 62, std::numeric_limits<std::int64_t>::min()}) {
    EXPECT_EQ(tokenizer_->PieceText(id), "") << id;
  }
}

TEST_P(TokenizerTest, RefusesToJoinIdsOutsideItsVocabulary) {
  const std::int64_t size = tokenizer_->VocabularySize();
  for (const std::int64_t id :
       {std::int64_t{-1}, size, std::int64_t{1} << 32}) {
    const absl::Status status =
        tokenizer_->Decode(std::vector<std::int64_t>{0, id}, true).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ReasonOf(status), Reason::kInvalidField);
    EXPECT_EQ(status.message(), "piece 1 has the id " + std::to_string(id) +
                                    ", which is outside the vocabulary, 0 to " +
                                    std::to_string(size - 1));
  }
}

TEST_P(TokenizerTest, JoinsNothingToNothing) {
  for (const bool skip : {false, true}) {
    const auto text = tokenizer_->Decode({}, skip);
    ASSERT_TRUE(text.ok()) << text.status();
    EXPECT_EQ(*text, "");
  }
}

// Whether a character, or the end of `text`, is at `byte`.
bool IsBoundary(const std::string& text, std::int64_t byte) {
  const auto place = static_cast<std::size_t>(byte);
  return place == text.size() ||
         (static_cast<unsigned char>(text.at(place)) & 0xC0) != 0x80;
}

void CheckRanges(const Tokenizer& tokenizer, const ExpectedText& expected) {
  const auto tokens =
      tokenizer.Encode(expected.text, {.add_special_pieces = false});
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  EXPECT_THAT(tokens->ranges,
              Each(Truly([&text = expected.text](const ByteRange& range) {
                return range.begin <= range.end &&
                       IsBoundary(text, range.begin) &&
                       IsBoundary(text, range.end);
              })));
  EXPECT_TRUE(std::ranges::is_sorted(tokens->ranges, {}, &ByteRange::begin));
}

// Spans of a text are pooled by its ranges, so each must make sense by itself.
TEST_P(TokenizerTest, RangesLieOnCharactersAndInOrder) {
  ForEachText(CheckRanges);
}

// How many of `texts` come out wrong, from the one at `first` on.
int CountWrong(const Tokenizer& tokenizer,
               const std::vector<ExpectedText>& texts, std::size_t first) {
  int wrong = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const ExpectedText& expected = texts[(first + i) % texts.size()];
    const auto tokens = tokenizer.Encode(expected.text, {});
    const auto text = tokenizer.Decode(expected.tokens.ids, true);
    const bool right = tokens.ok() && tokens->ids == expected.tokens.ids &&
                       tokens->ranges == expected.tokens.ranges && text.ok() &&
                       *text == expected.decoded;
    if (!right) ++wrong;
  }
  return wrong;
}

TEST_P(TokenizerTest, ServesManyThreadsAtOnce) {
  constexpr std::size_t kThreads = 8;
  constexpr int kRounds = 4;
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> threads;
  threads.reserve(kThreads);
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int round = 0; round < kRounds; ++round) {
        wrong += CountWrong(*tokenizer_, expected_.texts, thread * 17);
      }
    });
  }
  threads.clear();  // Joins them.
  EXPECT_EQ(wrong, 0);
}

INSTANTIATE_TEST_SUITE_P(Trained, TokenizerTest,
                         testing::ValuesIn(kTrainedTokenizers),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace strata
