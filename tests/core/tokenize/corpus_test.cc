// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// Over thousands of ugly texts (ugly_texts.py), every tokenizer says what the
// Python packages say.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/tokenize/tokenizer.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/core/tokenize/trained_tokenizers.h"

namespace strata {
namespace {

constexpr std::size_t kLeastTexts = 2000;
constexpr std::size_t kTold = 5;

// The values of a file of one JSON value on each line.
std::vector<nlohmann::json> ReadLines(const std::string& name) {
  std::ifstream file(TrainedTokenizer("corpus") / (name + ".jsonl"));
  std::vector<nlohmann::json> values;
  for (std::string line; std::getline(file, line);) {
    values.push_back(nlohmann::json::parse(line));
  }
  return values;
}

// "" where `got` is `expected`; else what differs first.
template <typename Value>
std::string Difference(absl::string_view what, const std::vector<Value>& got,
                       const std::vector<Value>& expected) {
  for (std::size_t i = 0; i < got.size() && i < expected.size(); ++i) {
    if (got[i] == expected[i]) continue;
    return absl::StrCat(what, " ", i, " is ", testing::PrintToString(got[i]),
                        ", expected ", testing::PrintToString(expected[i]),
                        "; ");
  }
  if (got.size() == expected.size()) return "";
  return absl::StrCat(got.size(), " ", what, "s, expected ", expected.size(),
                      "; ");
}

std::vector<std::string> PieceTexts(const Tokenizer& tokenizer,
                                    const std::vector<std::int64_t>& ids) {
  std::vector<std::string> pieces;
  pieces.reserve(ids.size());
  for (const std::int64_t id : ids) pieces.push_back(tokenizer.PieceText(id));
  return pieces;
}

std::string Compare(const Tokenizer& tokenizer, const std::string& text,
                    const nlohmann::json& expected) {
  const auto tokens = tokenizer.Encode(text, {});
  if (!tokens.ok()) return tokens.status().ToString();
  std::string difference = absl::StrCat(
      Difference<std::int64_t>("id", tokens->ids, expected.at("ids")),
      Difference<std::string>("piece", PieceTexts(tokenizer, tokens->ids),
                              expected.at("pieces")),
      Difference("range", tokens->ranges, ToRanges(expected.at("ranges"))));
  const auto decoded = tokenizer.Decode(tokens->ids, true);
  if (!decoded.ok()) return decoded.status().ToString();
  if (*decoded != expected.at("decoded").get<std::string>()) {
    absl::StrAppend(&difference, "another text comes back");
  }
  return difference;
}

// The beginning of a text that may be very long, for people.
std::string Quote(const std::string& text) {
  return absl::StrCat(testing::PrintToString(text.substr(0, 60)), " (",
                      text.size(), " bytes)");
}

// The texts of the corpus, which tell of the first that are wrong.
class Corpus {
 public:
  Corpus() { EXPECT_GE(texts_.size(), kLeastTexts); }
  ~Corpus() {
    EXPECT_EQ(differences_, 0U) << "of " << texts_.size() << " texts";
  }
  Corpus(const Corpus&) = delete;
  Corpus& operator=(const Corpus&) = delete;

  const std::vector<nlohmann::json>& texts() const { return texts_; }

  void Tell(const std::string& text, const std::string& difference) {
    if (difference.empty() || ++differences_ > kTold) return;
    ADD_FAILURE() << Quote(text) << ": " << difference;
  }

 private:
  const std::vector<nlohmann::json> texts_ = ReadLines("texts");
  std::size_t differences_ = 0;
};

class CorpusTest : public testing::TestWithParam<const char*> {};

TEST_P(CorpusTest, EqualsThePythonPackage) {
  const auto tokenizer = LoadTokenizer(TrainedTokenizer(GetParam()));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  Corpus corpus;
  const std::vector<nlohmann::json> expected = ReadLines(GetParam());
  ASSERT_EQ(expected.size(), corpus.texts().size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::string text = corpus.texts()[i];
    corpus.Tell(text, Compare(**tokenizer, text, expected[i]));
  }
}

INSTANTIATE_TEST_SUITE_P(Trained, CorpusTest,
                         testing::ValuesIn(kTrainedTokenizers),
                         [](const auto& test) { return test.param; });

// A tokenizer that keeps every character, and the parts of texts that it cannot
// give back all the same: U+2581, which stands for a space in its vocabulary,
// and pieces that it puts a space after.
struct LosslessCase {
  const char* tokenizer;
  std::vector<std::string> lost;
};

class LosslessTest : public testing::TestWithParam<LosslessCase> {};

TEST_P(LosslessTest, DetokenizeIsTheInverse) {
  const auto tokenizer = LoadTokenizer(TrainedTokenizer(GetParam().tokenizer));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  Corpus corpus;
  std::size_t tried = 0;
  for (const nlohmann::json& json : corpus.texts()) {
    const std::string text = json;
    const auto is_in = [&text](const std::string& part) {
      return absl::StrContains(text, part);
    };
    if (std::ranges::any_of(GetParam().lost, is_in)) continue;
    ++tried;
    const auto tokens =
        (*tokenizer)->Encode(text, {.add_special_pieces = false});
    ASSERT_TRUE(tokens.ok()) << tokens.status();
    const auto decoded = (*tokenizer)->Decode(tokens->ids, false);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    corpus.Tell(text, *decoded == text ? "" : "another text comes back");
  }
  EXPECT_GE(tried, kLeastTexts);
}

INSTANTIATE_TEST_SUITE_P(
    Trained, LosslessTest,
    testing::Values(LosslessCase{"byte_level", {}}, LosslessCase{"roberta", {}},
                    LosslessCase{"llama", {"\u2581"}},
                    LosslessCase{"byte_fallback",
                                 {"\u2581", "<s>", "</s>", "<unk>"}}),
    [](const auto& test) { return test.param.tokenizer; });

}  // namespace
}  // namespace strata
