// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/engine/tokenize_text.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/error.h"
#include "core/engine/call.h"
#include "core/model/model.h"
#include "core/tokenize/tokenizer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/core/tokenize/trained_tokenizers.h"
#include "tests/fakes/puppet_model.h"

namespace strata {
namespace {

using Ids = std::vector<std::int64_t>;

std::shared_ptr<Model> ModelOf(const std::string& tokenizer) {
  auto model = std::make_shared<Model>();
  model->tokenizer = *LoadTokenizer(TrainedTokenizer(tokenizer));
  model->prompts = {{"query", "The river: "}, {"stem", "th"}, {"none", ""}};
  return model;
}

absl::StatusOr<TokenizedText> Tokenize(const Model& model,
                                       const TextInput& text) {
  return TokenizeText(text, model, /*add_special_pieces=*/true, std::nullopt,
                      /*input=*/0);
}

// The package trims the space before a piece after it has cut, and never that
// of the first piece: so the first that a cut at the left leaves keeps its
// space there. Ours has the range that it has uncut.
void AllowForUntrimmedFirst(PieceOrigin origin, const std::string& text,
                            const Tokens& expected, Tokens& tokens) {
  const auto first = std::ranges::find(tokens.origins, origin);
  const auto index = first - tokens.origins.begin();
  if (first == tokens.origins.end() || index >= std::ssize(expected.ranges)) {
    return;
  }
  const std::int64_t untrimmed = expected.ranges[index].begin;
  if (tokens.ranges[index].begin == untrimmed + 1 && text[untrimmed] == ' ') {
    tokens.ranges[index].begin = untrimmed;
  }
}

void CheckCut(const Model& model, const TextInput& text, int whole,
              const nlohmann::json& cut) {
  const int max_pieces = cut.at("max_pieces");
  SCOPED_TRACE(cut.at("direction").get<std::string>() + " " +
               std::to_string(max_pieces));
  const bool left = cut.at("direction") == "left";
  auto tokenized = TokenizeText(
      text, model, /*add_special_pieces=*/true,
      PieceLimit{.max_pieces = max_pieces,
                 .truncation = left ? Truncation::kLeft : Truncation::kRight},
      /*input=*/0);
  ASSERT_TRUE(tokenized.ok()) << tokenized.status();
  const Tokens expected = ToTokens(cut);
  if (left) {
    AllowForUntrimmedFirst(PieceOrigin::kText, text.text, expected,
                           tokenized->tokens);
    AllowForUntrimmedFirst(PieceOrigin::kPair, text.pair, expected,
                           tokenized->tokens);
  }
  ExpectTokens(tokenized->tokens, expected);
  EXPECT_EQ(tokenized->truncated_pieces,
            whole - static_cast<int>(expected.ids.size()));
}

class TruncationTest : public testing::TestWithParam<const char*> {};

// enable_truncation(..., strategy="longest_first", direction=...).
TEST_P(TruncationTest, CutsAsThePythonPackageDoes) {
  const std::shared_ptr<const Model> model = ModelOf(GetParam());
  const nlohmann::json pairs = ReadTrainedJson("pairs.json");
  for (const nlohmann::json& expected : pairs.at(GetParam())) {
    const TextInput text{.text = expected.at("text"),
                         .pair = expected.at("pair")};
    SCOPED_TRACE(testing::PrintToString(text.text) + ", " +
                 testing::PrintToString(text.pair));
    for (const nlohmann::json& cut : expected.at("cuts")) {
      CheckCut(*model, text, static_cast<int>(expected.at("ids").size()), cut);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Trained, TruncationTest,
                         testing::Values("word_piece", "byte_level",
                                         "byte_level_nfkc", "roberta",
                                         "byte_fallback", "unigram_json"),
                         [](const auto& test) { return test.param; });

TEST(TokenizeText, APromptIsPutInFront) {
  const auto model = ModelOf("word_piece");
  const auto prompted =
      Tokenize(*model, {.text = "über Nacht", .prompt = "query"});
  const auto written = Tokenize(*model, {.text = "The river: über Nacht"});
  ASSERT_TRUE(prompted.ok()) << prompted.status();
  EXPECT_EQ(prompted->tokens.ids, written->tokens.ids);
  EXPECT_EQ(prompted->tokens.origins, written->tokens.origins);
  const auto& ranges = prompted->tokens.ranges;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const ByteRange& range = written->tokens.ranges[i];
    const bool in_prompt = range.end <= 11;  // Or special.
    EXPECT_EQ(
        ranges[i],
        (in_prompt ? ByteRange{} : ByteRange{range.begin - 11, range.end - 11}))
        << i;
  }
  EXPECT_EQ(ranges[ranges.size() - 2].end, 11);  // "über Nacht" in bytes.
}

// "th" and "e" become one piece, "the".
TEST(TokenizeText, APieceOfPromptAndTextIsClipped) {
  const auto model = ModelOf("word_piece");
  const auto tokenized = Tokenize(*model, {.text = "e", .prompt = "stem"});
  ASSERT_TRUE(tokenized.ok()) << tokenized.status();
  ASSERT_EQ(tokenized->tokens.ids.size(), 3U);  // [CLS] the [SEP]
  EXPECT_EQ(model->tokenizer->PieceText(tokenized->tokens.ids[1]), "the");
  EXPECT_EQ(tokenized->tokens.ranges[1], (ByteRange{0, 1}));
}

TEST(TokenizeText, AnEmptyPromptChangesNothing) {
  const auto model = ModelOf("word_piece");
  const auto tokenized = Tokenize(*model, {.text = "river", .prompt = "none"});
  ASSERT_TRUE(tokenized.ok()) << tokenized.status();
  ExpectTokens(tokenized->tokens, Tokenize(*model, {.text = "river"})->tokens);
}

TEST(TokenizeText, APromptIsOfTheFirstTextOnly) {
  const auto model =
      MakePuppetModel("puppet", std::make_shared<PuppetStrings>());
  const auto tokenized =
      Tokenize(*model, {.text = "A", .pair = "BC", .prompt = "query"});
  ASSERT_TRUE(tokenized.ok()) << tokenized.status();
  const Tokens& tokens = tokenized->tokens;
  ASSERT_EQ(tokens.ids.size(), 13U);  // <s> query: A </s> B C </s>
  EXPECT_EQ(tokens.ranges[8], (ByteRange{0, 1}));
  EXPECT_EQ(tokens.ranges[10], (ByteRange{0, 1}));
  EXPECT_EQ(tokens.ranges[11], (ByteRange{1, 2}));
  EXPECT_EQ(tokens.type_ids, (Ids{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1}));
}

TEST(TokenizeText, RefusesAnUnknownPromptWithoutRepeatingIt) {
  const auto model =
      MakePuppetModel("puppet", std::make_shared<PuppetStrings>());
  absl::Status status =
      TokenizeText({.text = "A", .prompt = "secret"}, *model,
                   /*add_special_pieces=*/true, std::nullopt, /*input=*/2)
          .status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), Reason::kInvalidField);
  EXPECT_EQ(FieldOf(status), "inputs[2].prompt");
  EXPECT_EQ(status.message(),
            "inputs[2].prompt: no prompt of the model has this name; it has: "
            "\"passage\", \"query\"");
  model->prompts.clear();
  status = Tokenize(*model, {.text = "A", .prompt = "query"}).status();
  EXPECT_EQ(status.message(),
            "inputs[0].prompt: no prompt of the model has this name; it has: "
            "none");
}

TEST(TokenizeText, NamesTheTextWithAnUnknownCharacter) {
  const TestFolder folder;
  folder.Write("tokenizer.json", R"({"added_tokens": [], "model": {
      "type": "WordLevel", "unk_token": "[UNK]", "vocab": {"river": 0}}})");
  Model model;
  model.tokenizer = *LoadTokenizer(folder.path());
  EXPECT_TRUE(Tokenize(model, {.text = "river"}).ok());
  const absl::Status status = Tokenize(model, {.text = "secret"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), Reason::kInvalidField);
  EXPECT_EQ(FieldOf(status), "inputs[0].text");
  EXPECT_EQ(status.message(),
            "inputs[0].text: has a character that the vocabulary does not "
            "know, and the tokenizer has no piece for unknown ones; leave it "
            "out");
  EXPECT_EQ(FieldOf(Tokenize(model, {.text = "river", .pair = "no"}).status()),
            "inputs[0]");
}

TEST(TokenizeText, NamesThePairThatTheTokenizerCannotJoin) {
  const absl::Status status =
      Tokenize(*ModelOf("llama"), {.text = "a", .pair = "b"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), Reason::kNotSupportedByModel);
  EXPECT_THAT(std::string(status.message()),
              testing::StartsWith("inputs[0].text_pair: the model's "
                                  "tokenizer.model does not say how two texts "
                                  "are joined"));
}

}  // namespace
}  // namespace strata
