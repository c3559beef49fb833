// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// What holds of every tokenizer: it says what the Python packages say.

#include "core/tokenize/tokenizer.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "core/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/tokenize/trained_tokenizers.h"

namespace strata {

// For GoogleTest's messages.
static void PrintTo(const ByteRange& range, std::ostream* out) {
  *out << "[" << range.begin << ", " << range.end << ")";
}

namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;

class TokenizerTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    auto loaded = LoadTokenizer(TrainedTokenizer(GetParam()));
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    tokenizer_ = *std::move(loaded);
  }

  const ExpectedTokenizer expected_ = ReadExpected(GetParam());
  std::shared_ptr<const Tokenizer> tokenizer_;
};

std::string Trace(std::size_t i, const ExpectedText& expected) {
  return "text " + std::to_string(i) + ": " +
         testing::PrintToString(expected.text);
}

TEST_P(TokenizerTest, SplitsAsThePythonPackageDoes) {
  ASSERT_GE(expected_.texts.size(), 100U);
  for (std::size_t i = 0; i < expected_.texts.size(); ++i) {
    const ExpectedText& expected = expected_.texts[i];
    SCOPED_TRACE(Trace(i, expected));
    const auto tokens = tokenizer_->Encode(expected.text, {});
    ASSERT_TRUE(tokens.ok()) << tokens.status();
    EXPECT_THAT(tokens->ids, ElementsAreArray(expected.ids));
    EXPECT_THAT(tokens->ranges, ElementsAreArray(expected.ranges));
    EXPECT_EQ(tokens->leading_special_pieces, expected.leading);
    EXPECT_EQ(tokens->trailing_special_pieces, expected.trailing);
  }
}

TEST_P(TokenizerTest, LeavesSpecialPiecesOut) {
  for (std::size_t i = 0; i < expected_.texts.size(); ++i) {
    const ExpectedText& expected = expected_.texts[i];
    SCOPED_TRACE(Trace(i, expected));
    const auto tokens =
        tokenizer_->Encode(expected.text, {.add_special_pieces = false});
    ASSERT_TRUE(tokens.ok()) << tokens.status();
    EXPECT_THAT(tokens->ids, ElementsAreArray(expected.plain_ids));
    EXPECT_EQ(tokens->ranges.size(), tokens->ids.size());
    EXPECT_EQ(tokens->leading_special_pieces, 0);
    EXPECT_EQ(tokens->trailing_special_pieces, 0);
  }
}

TEST_P(TokenizerTest, JoinsAsThePythonPackageDoes) {
  for (std::size_t i = 0; i < expected_.texts.size(); ++i) {
    const ExpectedText& expected = expected_.texts[i];
    SCOPED_TRACE(Trace(i, expected));
    const auto text = tokenizer_->Decode(expected.ids, true);
    ASSERT_TRUE(text.ok()) << text.status();
    EXPECT_EQ(*text, expected.decoded);
    const auto whole = tokenizer_->Decode(expected.ids, false);
    ASSERT_TRUE(whole.ok()) << whole.status();
    EXPECT_EQ(*whole, expected.decoded_whole);
  }
}

TEST_P(TokenizerTest, KnowsItsVocabulary) {
  EXPECT_EQ(tokenizer_->VocabularySize(), expected_.vocabulary_size);
  ASSERT_EQ(expected_.vocabulary.size(),
            static_cast<std::size_t>(expected_.vocabulary_size));
  for (std::int64_t id = 0; id < expected_.vocabulary_size; ++id) {
    EXPECT_EQ(tokenizer_->PieceText(id), expected_.vocabulary[id]) << id;
  }
  for (const ExpectedText& expected : expected_.texts) {
    ASSERT_EQ(expected.ids.size(), expected.pieces.size());
    for (std::size_t i = 0; i < expected.ids.size(); ++i) {
      EXPECT_EQ(tokenizer_->PieceText(expected.ids[i]), expected.pieces[i]);
    }
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

// Ranges are what spans of a text are pooled by, so each must be one.
TEST_P(TokenizerTest, RangesLieOnCharactersAndInOrder) {
  for (std::size_t i = 0; i < expected_.texts.size(); ++i) {
    const std::string& text = expected_.texts[i].text;
    SCOPED_TRACE(Trace(i, expected_.texts[i]));
    const auto tokens = tokenizer_->Encode(text, {.add_special_pieces = false});
    ASSERT_TRUE(tokens.ok()) << tokens.status();
    const auto starts_character = [&text](std::int64_t byte) {
      return byte == static_cast<std::int64_t>(text.size()) ||
             (static_cast<unsigned char>(text[byte]) & 0xC0) != 0x80;
    };
    ByteRange last;
    for (const ByteRange& range : tokens->ranges) {
      ASSERT_LE(last.begin, range.begin);
      ASSERT_LE(range.begin, range.end);
      ASSERT_LE(range.end, static_cast<std::int64_t>(text.size()));
      EXPECT_TRUE(starts_character(range.begin)) << range.begin;
      EXPECT_TRUE(starts_character(range.end)) << range.end;
      last = range;
    }
  }
}

TEST_P(TokenizerTest, ServesManyThreadsAtOnce) {
  constexpr std::size_t kThreads = 8;
  constexpr int kRounds = 4;
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (std::size_t thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        const std::size_t count = expected_.texts.size();
        for (std::size_t i = 0; i < count * kRounds; ++i) {
          // Each thread begins elsewhere.
          const ExpectedText& expected =
              expected_.texts[(i + thread * 17) % count];
          const auto tokens = tokenizer_->Encode(expected.text, {});
          const auto text = tokenizer_->Decode(expected.ids, true);
          const bool right = tokens.ok() && tokens->ids == expected.ids &&
                             tokens->ranges == expected.ranges && text.ok() &&
                             *text == expected.decoded;
          if (!right) ++wrong;
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
}

INSTANTIATE_TEST_SUITE_P(Trained, TokenizerTest,
                         testing::ValuesIn(kTrainedTokenizers),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace strata
