// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// Pairs of texts are joined as the Python package joins them.

#include <memory>
#include <string>

#include "core/tokenize/tokenizer.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/core/tokenize/trained_tokenizers.h"

namespace strata {
namespace {

class PairTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    auto loaded = LoadTokenizer(TrainedTokenizer(GetParam()));
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    tokenizer_ = *std::move(loaded);
    ASSERT_GE(pairs_.size(), 40U);
  }

  const nlohmann::json pairs_ = ReadTrainedJson("pairs.json").at(GetParam());
  std::shared_ptr<const Tokenizer> tokenizer_;
};

TEST_P(PairTest, JoinsAsThePythonPackageDoes) {
  for (const nlohmann::json& expected : pairs_) {
    const std::string text = expected.at("text");
    const std::string pair = expected.at("pair");
    SCOPED_TRACE(testing::PrintToString(text) + ", " +
                 testing::PrintToString(pair));
    const auto tokens = tokenizer_->Encode(text, {.pair = pair});
    ASSERT_TRUE(tokens.ok()) << tokens.status();
    ExpectTokens(*tokens, ToTokens(expected));
    const auto plain =
        tokenizer_->Encode(text, {.add_special_pieces = false, .pair = pair});
    ASSERT_TRUE(plain.ok()) << plain.status();
    EXPECT_EQ(nlohmann::json(plain->ids), expected.at("plain_ids"));
  }
}

INSTANTIATE_TEST_SUITE_P(Trained, PairTest,
                         testing::Values("word_piece", "byte_level",
                                         "byte_level_nfkc", "roberta",
                                         "byte_fallback", "unigram_json"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace strata
