// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_CORE_TOKENIZE_TRAINED_TOKENIZERS_H_
#define STRATA_TESTS_CORE_TOKENIZE_TRAINED_TOKENIZERS_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <string>
#include <vector>

#include "core/tokenize/tokenizer.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace strata {

// The tokenizers that make_tokenizers.py trains while the tests are built, by
// the names of their folders, and what the Python packages say of many texts.
inline constexpr std::array kTrainedTokenizers = {
    "word_piece",    "byte_level",   "byte_level_nfkc", "roberta",
    "byte_fallback", "unigram_json", "llama",           "unigram"};

// Those of the values of PieceOrigin, in their order.
inline constexpr std::array kOriginNames = {"special", "text", "pair"};

struct ExpectedText {
  std::string text;
  Tokens tokens;
  std::vector<std::string> pieces;
  std::vector<std::int64_t> plain_ids;  // Without special pieces.
  std::string decoded;                  // Of all pieces, without special ones.
  std::string decoded_whole;
};

struct ExpectedTokenizer {
  std::int64_t vocabulary_size = 0;
  std::vector<std::string> vocabulary;
  std::vector<ExpectedText> texts;
};

// The model directory of one of kTrainedTokenizers.
inline std::filesystem::path TrainedTokenizer(const std::string& name) {
  return std::filesystem::path(STRATA_TRAINED_TOKENIZERS) / name;
}

// What the Python packages wrote about all tokenizers, or one.
inline nlohmann::json ReadTrainedJson(const std::string& file_name) {
  std::ifstream file(TrainedTokenizer(file_name));
  return nlohmann::json::parse(file);
}

inline std::vector<ByteRange> ToRanges(const nlohmann::json& json) {
  std::vector<ByteRange> ranges;
  for (const nlohmann::json& range : json) {
    ranges.push_back({.begin = range.at(0), .end = range.at(1)});
  }
  return ranges;
}

inline Tokens ToTokens(const nlohmann::json& json) {
  Tokens tokens{.ids = json.at("ids"),
                .ranges = ToRanges(json.at("ranges")),
                .origins = {},
                .type_ids = json.at("type_ids")};
  for (const nlohmann::json& name : json.at("origins")) {
    const auto* const found = std::ranges::find(kOriginNames, name);
    tokens.origins.push_back(
        static_cast<PieceOrigin>(found - kOriginNames.begin()));
  }
  return tokens;
}

inline ExpectedText ToExpectedText(const nlohmann::json& json) {
  return {
      .text = json.at("text"),
      .tokens = ToTokens(json),
      .pieces = json.at("pieces"),
      .plain_ids = json.at("plain_ids"),
      .decoded = json.at("decoded"),
      .decoded_whole = json.at("decoded_whole"),
  };
}

// Every vector of `tokens` equals that of `expected`.
inline void ExpectTokens(const Tokens& tokens, const Tokens& expected) {
  EXPECT_EQ(tokens.ids, expected.ids);
  EXPECT_EQ(tokens.ranges, expected.ranges);
  EXPECT_EQ(tokens.origins, expected.origins);
  EXPECT_EQ(tokens.type_ids, expected.type_ids);
}

inline ExpectedTokenizer ReadExpected(const std::string& name) {
  const nlohmann::json json = ReadTrainedJson("expected.json").at(name);
  ExpectedTokenizer expected{.vocabulary_size = json.at("vocabulary_size"),
                             .vocabulary = json.at("vocabulary"),
                             .texts = {}};
  for (const nlohmann::json& text : json.at("texts")) {
    expected.texts.push_back(ToExpectedText(text));
  }
  return expected;
}

// For GoogleTest's messages.
inline void PrintTo(const ByteRange& range, std::ostream* out) {
  *out << "[" << range.begin << ", " << range.end << ")";
}
inline void PrintTo(PieceOrigin origin, std::ostream* out) {
  *out << kOriginNames.at(static_cast<std::size_t>(origin));
}

// A folder of the running test's own, removed with its contents afterwards.
class TestFolder {
 public:
  TestFolder()
      : path_(std::filesystem::path(testing::TempDir()) /
              ("strata_tokenize_" + std::string(testing::UnitTest::GetInstance()
                                                    ->current_test_info()
                                                    ->name()))) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  void Write(const std::string& name, const std::string& contents) const {
    std::ofstream(path_ / name, std::ios::binary) << contents;
  }

  // Copies a trained tokenizer's file to here.
  void Copy(const std::string& tokenizer, const std::string& name) const {
    std::filesystem::copy_file(TrainedTokenizer(tokenizer) / name,
                               path_ / name);
  }

 private:
  const std::filesystem::path path_;
};

}  // namespace strata

#endif  // STRATA_TESTS_CORE_TOKENIZE_TRAINED_TOKENIZERS_H_
