// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/tokenize/sentence_piece_tokenizer.h"

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/base/error.h"
#include "core/tokenize/tokenizer.h"
#include "core/tokenize/tokenizer_config.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/tokenize/trained_tokenizers.h"

namespace strata {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::int64_t kBegin = 1;  // <s>, as sentencepiece numbers it.
constexpr std::int64_t kEnd = 2;    // </s>

std::string Contents(const std::string& tokenizer) {
  std::ifstream file(TrainedTokenizer(tokenizer) / "tokenizer.model",
                     std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::unique_ptr<SentencePieceTokenizer> Load(const std::string& name,
                                             const TokenizerConfig& config) {
  auto tokenizer = SentencePieceTokenizer::Create(Contents(name), config);
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status();
  return tokenizer.ok() ? *std::move(tokenizer) : nullptr;
}

Tokens Split(const Tokenizer& tokenizer, const std::string& text,
             const Tokenizer::EncodeOptions& options = {}) {
  auto tokens = tokenizer.Encode(text, options);
  EXPECT_TRUE(tokens.ok()) << tokens.status();
  return tokens.ok() ? *std::move(tokens) : Tokens{};
}

template <typename T>
std::vector<T> Joined(std::vector<T> first, const std::vector<T>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

struct SpecialPiecesCase {
  TokenizerConfig config;
  bool begin;
  bool end;
};

void CheckSpecialPieces(const SpecialPiecesCase& test) {
  const auto tokenizer = Load("llama", test.config);
  const Tokens plain =
      Split(*tokenizer, "river", {.add_special_pieces = false});
  std::vector<std::int64_t> ids = plain.ids;
  std::vector<ByteRange> ranges = plain.ranges;
  std::vector<PieceOrigin> origins(ids.size(), PieceOrigin::kText);
  if (test.begin) {
    ids.insert(ids.begin(), kBegin);
    ranges.insert(ranges.begin(), ByteRange{});
    origins.insert(origins.begin(), PieceOrigin::kSpecial);
  }
  if (test.end) {
    ids.push_back(kEnd);
    ranges.push_back({});
    origins.push_back(PieceOrigin::kSpecial);
  }
  ExpectTokens(Split(*tokenizer, "river"),
               {.ids = ids,
                .ranges = ranges,
                .origins = origins,
                .type_ids = std::vector<std::int64_t>(ids.size(), 0)});
}

TEST(SentencePieceTokenizer, AddsTheSpecialPiecesOfItsConfiguration) {
  const std::vector<SpecialPiecesCase> cases = {
      {{}, true, false},
      {{.add_begin = true, .add_end = true}, true, true},
      {{.add_begin = false, .add_end = true}, false, true},
      {{.add_begin = false, .add_end = false}, false, false},
      {{.tokenizer_class = "LlamaTokenizer"}, true, false},
      {{.tokenizer_class = "LlamaTokenizerFast"}, true, false},
      {{.tokenizer_class = "T5Tokenizer"}, false, true},
      {{.add_end = false, .tokenizer_class = "T5TokenizerFast"}, false, false},
      {{.tokenizer_class = "SomeOtherTokenizer"}, true, false},
  };
  for (const SpecialPiecesCase& test : cases) {
    SCOPED_TRACE(testing::Message() << test.begin << test.end);
    CheckSpecialPieces(test);
  }
}

TEST(SentencePieceTokenizer, AnEmptyTextHasItsSpecialPiecesAlone) {
  const auto tokenizer =
      Load("llama", {.add_begin = std::nullopt, .add_end = true});
  const Tokens tokens = Split(*tokenizer, "");
  EXPECT_THAT(tokens.ids, ElementsAre(kBegin, kEnd));
  EXPECT_THAT(tokens.origins, Each(PieceOrigin::kSpecial));
}

TEST(SentencePieceTokenizer, RefusesASpecialPieceThatTheModelLacks) {
  const absl::Status status =
      SentencePieceTokenizer::Create(
          Contents("unigram"), {.add_begin = true, .add_end = std::nullopt})
          .status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "tokenizer_config.json says \"add_bos_token\": true, but "
            "tokenizer.model has no beginning piece; set it to false, or train "
            "the model with one");
}

// Each text as if it were alone, as transformers' LlamaTokenizer does.
TEST(SentencePieceTokenizer, JoinsAPairEachWithItsSpecialPieces) {
  const auto tokenizer =
      Load("llama", {.add_end = true, .tokenizer_class = "LlamaTokenizer"});
  const Tokens first = Split(*tokenizer, "the river");
  const Tokens second = Split(*tokenizer, "\u00fcber");
  // But for what says which text a piece is of.
  Tokens expected = {.ids = Joined(first.ids, second.ids),
                     .ranges = Joined(first.ranges, second.ranges),
                     .origins = Joined(first.origins, second.origins),
                     .type_ids = Joined(first.type_ids, second.type_ids)};
  for (std::size_t i = first.ids.size(); i < expected.ids.size(); ++i) {
    expected.type_ids[i] = 1;
    if (expected.origins[i] == PieceOrigin::kText) {
      expected.origins[i] = PieceOrigin::kPair;
    }
  }
  ExpectTokens(Split(*tokenizer, "the river", {.pair = "\u00fcber"}), expected);
}

TEST(SentencePieceTokenizer, RefusesAPairWhereNothingSaysHowToJoinIt) {
  const auto tokenizer = Load("llama", {.add_begin = true});
  const absl::Status status = tokenizer->Encode("a", {.pair = "b"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), Reason::kNotSupportedByModel);
  EXPECT_EQ(status.message(),
            "the model's tokenizer.model does not say how two texts are "
            "joined; send one text, or give the model a tokenizer.json, or a "
            "tokenizer_config.json whose \"tokenizer_class\" does, as "
            "LlamaTokenizer");
}

// Their ids would be wrong without a word.
TEST(SentencePieceTokenizer, RefusesAClassThatDoesMoreThanTheFileSays) {
  for (const char* name : {"XLMRobertaTokenizer", "CamembertTokenizerFast"}) {
    const absl::Status status =
        SentencePieceTokenizer::Create(Contents("llama"),
                                       {.tokenizer_class = name})
            .status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ReasonOf(status), Reason::kInvalidField);
    EXPECT_EQ(status.message(),
              "tokenizer_config.json says \"tokenizer_class\": \"" +
                  std::string(name) +
                  "\", which numbers or splits pieces otherwise than "
                  "tokenizer.model alone says; put the checkpoint's "
                  "tokenizer.json in its place");
  }
}

// Each of a character's bytes stands for all of it, so that a span that
// touches the character has all of its pieces.
TEST(SentencePieceTokenizer, BytePiecesHaveTheirCharactersRange) {
  const auto tokenizer = Load("llama", {.add_begin = false});
  const Tokens tokens = Split(*tokenizer, "a\xF0\x9F\x98\x80\xE4\xB8\xAD");
  std::vector<std::string> pieces;
  pieces.reserve(tokens.ids.size());
  for (const std::int64_t id : tokens.ids) {
    pieces.push_back(tokenizer->PieceText(id));
  }
  EXPECT_THAT(pieces, ElementsAre("\u2581a", "<0xF0>", "<0x9F>", "<0x98>",
                                  "<0x80>", "<0xE4>", "<0xB8>", "<0xAD>"));
  EXPECT_THAT(tokens.ranges,
              ElementsAre(ByteRange{0, 1}, ByteRange{1, 5}, ByteRange{1, 5},
                          ByteRange{1, 5}, ByteRange{1, 5}, ByteRange{5, 8},
                          ByteRange{5, 8}, ByteRange{5, 8}));
}

TEST(SentencePieceTokenizer, JoinsSpecialPiecesWhereTheyAre) {
  const auto tokenizer = Load("llama", {});
  const std::vector<std::int64_t> river =
      Split(*tokenizer, "river", {.add_special_pieces = false}).ids;
  std::vector<std::int64_t> ids = {kBegin};
  ids.insert(ids.end(), river.begin(), river.end());
  ids.push_back(kEnd);
  ids.push_back(kBegin);
  ids.insert(ids.end(), river.begin(), river.end());
  const auto whole = tokenizer->Decode(ids, false);
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_EQ(*whole, "<s>river</s><s>river");
  const auto text = tokenizer->Decode(ids, true);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, "river river");
}

TEST(SentencePieceTokenizer, JoinsBytesOfNoCharacterToReplacements) {
  const auto tokenizer = Load("llama", {.add_begin = false});
  const Tokens tokens = Split(*tokenizer, "a\xF0\x9F\x98\x80");
  ASSERT_EQ(tokens.ids.size(), 5U);
  const auto text = tokenizer->Decode(
      std::span<const std::int64_t>(tokens.ids).first(4), true);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, "a\uFFFD\uFFFD\uFFFD");
}

TEST(SentencePieceTokenizer, RefusesWhatIsNoModel) {
  const std::string good = Contents("llama");
  for (const std::string& bytes :
       {std::string(), std::string("not a model"), std::string(1000, '\xFF'),
        good.substr(0, good.size() / 2), good.substr(1)}) {
    const absl::Status status =
        SentencePieceTokenizer::Create(bytes, {}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument)
        << testing::PrintToString(bytes.substr(0, 20));
    EXPECT_EQ(ReasonOf(status), Reason::kInvalidField);
    EXPECT_THAT(std::string(status.message()), HasSubstr("sentencepiece: "));
  }
}

}  // namespace
}  // namespace strata
