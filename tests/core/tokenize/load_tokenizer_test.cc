// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "core/tokenize/tokenizer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/tokenize/trained_tokenizers.h"

namespace strata {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::StartsWith;

constexpr const char* kRemedy =
    "; export the model again, or copy the file from the original checkpoint";

class LoadTokenizerTest : public testing::Test {
 protected:
  absl::Status Status() const { return LoadTokenizer(folder_.path()).status(); }

  // "cannot use <folder>/<name>: <why>", and the remedy.
  auto CannotUse(const std::string& name, const std::string& why) const {
    return AllOf(StartsWith("cannot use " + (folder_.path() / name).string() +
                            ": " + why),
                 EndsWith(kRemedy));
  }

  const TestFolder folder_;
};

std::string Message(const absl::Status& status) {
  return std::string(status.message());
}

TEST_F(LoadTokenizerTest, ReadsATokenizerJson) {
  folder_.Copy("word_piece", "tokenizer.json");
  const auto tokenizer = LoadTokenizer(folder_.path());
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ((*tokenizer)->PieceText(2), "[CLS]");
}

TEST_F(LoadTokenizerTest, ReadsATokenizerModel) {
  folder_.Copy("llama", "tokenizer.model");
  const auto tokenizer = LoadTokenizer(folder_.path());
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ((*tokenizer)->PieceText(1), "<s>");
}

TEST_F(LoadTokenizerTest, PrefersTheTokenizerJson) {
  folder_.Copy("word_piece", "tokenizer.json");
  folder_.Copy("llama", "tokenizer.model");
  const auto tokenizer = LoadTokenizer(folder_.path());
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ((*tokenizer)->PieceText(2), "[CLS]");
}

// The other file must not hide that the preferred one is broken.
TEST_F(LoadTokenizerTest, DoesNotPassADamagedTokenizerJsonOver) {
  folder_.Write("tokenizer.json", "{");
  folder_.Copy("llama", "tokenizer.model");
  EXPECT_EQ(Status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(
      Message(Status()),
      CannotUse("tokenizer.json", "tokenizers: EOF while parsing an object"));
}

TEST_F(LoadTokenizerTest, NamesADamagedTokenizerModel) {
  folder_.Write("tokenizer.model", "not a model");
  EXPECT_EQ(Status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(Status()),
              CannotUse("tokenizer.model", "sentencepiece: "));
}

TEST_F(LoadTokenizerTest, NamesAFolderInAFilesPlace) {
  std::filesystem::create_directory(folder_.path() / "tokenizer.json");
  EXPECT_EQ(Status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(Status()),
              CannotUse("tokenizer.json", "it cannot be read as a file"));
}

TEST_F(LoadTokenizerTest, SaysWhatIsMissing) {
  EXPECT_EQ(Status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Message(Status()),
            "no tokenizer in " + folder_.path().string() +
                ": expected tokenizer.json or tokenizer.model; copy it from "
                "the checkpoint, or export the model with strata-export, which "
                "does");
}

TEST_F(LoadTokenizerTest, SaysSoOfAMissingFolderToo) {
  const absl::Status status = LoadTokenizer(folder_.path() / "gone").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Message(status),
              StartsWith("no tokenizer in " +
                         (folder_.path() / "gone").string() + ": expected "));
}

TEST_F(LoadTokenizerTest, ObeysTheTokenizerConfig) {
  folder_.Copy("llama", "tokenizer.model");
  folder_.Write("tokenizer_config.json",
                R"({"add_bos_token": false, "add_eos_token": true})");
  const auto tokenizer = LoadTokenizer(folder_.path());
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  const auto tokens = (*tokenizer)->Encode("river", {});
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  EXPECT_EQ(tokens->origins.front(), PieceOrigin::kText);
  EXPECT_EQ(tokens->origins.back(), PieceOrigin::kSpecial);
  EXPECT_EQ((*tokenizer)->PieceText(tokens->ids.back()), "</s>");
}

TEST_F(LoadTokenizerTest, NamesADamagedTokenizerConfig) {
  folder_.Copy("llama", "tokenizer.model");
  folder_.Write("tokenizer_config.json", "{");
  EXPECT_EQ(Status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(Status()),
              CannotUse("tokenizer_config.json", "it is not a JSON object"));
}

// A tokenizer.json says itself what is added.
TEST_F(LoadTokenizerTest, ReadsNoTokenizerConfigForATokenizerJson) {
  folder_.Copy("word_piece", "tokenizer.json");
  folder_.Write("tokenizer_config.json", "{");
  EXPECT_TRUE(Status().ok()) << Status();
}

}  // namespace
}  // namespace strata
