// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_CORE_TOKENIZE_TRAINED_TOKENIZERS_H_
#define STRATA_TESTS_CORE_TOKENIZE_TRAINED_TOKENIZERS_H_

#include <array>
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
    "word_piece", "byte_level", "byte_level_nfkc", "llama", "unigram"};

struct ExpectedText {
  std::string text;
  std::vector<std::int64_t> ids;
  std::vector<std::string> pieces;
  std::vector<ByteRange> ranges;
  int leading = 0;
  int trailing = 0;
  std::vector<std::int64_t> plain_ids;  // Without special pieces.
  std::string decoded;                  // Of `ids`, without special pieces.
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

inline ExpectedText ToExpectedText(const nlohmann::json& json) {
  ExpectedText text{
      .text = json.at("text"),
      .ids = json.at("ids"),
      .pieces = json.at("pieces"),
      .ranges = {},
      .leading = json.at("leading"),
      .trailing = json.at("trailing"),
      .plain_ids = json.at("plain_ids"),
      .decoded = json.at("decoded"),
      .decoded_whole = json.at("decoded_whole"),
  };
  for (const nlohmann::json& range : json.at("ranges")) {
    text.ranges.push_back({.begin = range.at(0), .end = range.at(1)});
  }
  return text;
}

inline ExpectedTokenizer ReadExpected(const std::string& name) {
  std::ifstream file(std::filesystem::path(STRATA_TRAINED_TOKENIZERS) /
                     "expected.json");
  const nlohmann::json json = nlohmann::json::parse(file).at(name);
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
