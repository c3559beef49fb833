// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// Texts and pieces through the bridge to Hugging Face's tokenizers.

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/tokenize/tokenizer.h"
#include "tests/fuzz/bytes.h"

namespace strata::fuzz {
namespace {

// Pieces of one byte each, and a few words.
constexpr const char* kTokenizer = R"({
  "version": "1.0", "truncation": null, "padding": null,
  "added_tokens": [{"id": 3, "content": "<s>", "single_word": false,
    "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
  "normalizer": {"type": "NFC"},
  "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null,
  "decoder": null,
  "model": {"type": "WordPiece", "unk_token": "u", "continuing_subword_prefix":
    "##", "max_input_chars_per_word": 100,
    "vocab": {"u": 0, "a": 1, "##a": 2, "<s>": 3, "ab": 4, "##b": 5}}})";

std::shared_ptr<const Tokenizer> Load() {
  const auto folder = std::filesystem::temp_directory_path() /
                      absl::StrCat("strata-fuzz-", getpid());
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "tokenizer.json") << kTokenizer;
  auto tokenizer = LoadTokenizer(folder);
  std::filesystem::remove_all(folder);
  STRATA_FUZZ_CHECK(tokenizer.ok());
  return *std::move(tokenizer);
}

void TestText(const Tokenizer& tokenizer, Bytes bytes) {
  const bool add_special_pieces = bytes.Flag();
  const std::string_view rest = bytes.Rest();
  const absl::string_view text(rest.data(), rest.size());
  const auto tokens =
      tokenizer.Encode(text, {.add_special_pieces = add_special_pieces});
  if (tokens.ok()) {
    STRATA_FUZZ_CHECK(tokens->ranges.size() == tokens->ids.size());
    STRATA_FUZZ_CHECK(tokens->origins.size() == tokens->ids.size());
    for (std::size_t i = 0; i < tokens->ids.size(); ++i) {
      STRATA_FUZZ_CHECK(tokens->ids[i] >= 0 &&
                        tokens->ids[i] < tokenizer.VocabularySize());
      const ByteRange range = tokens->ranges[i];
      STRATA_FUZZ_CHECK(0 <= range.begin && range.begin <= range.end &&
                        range.end <= std::ssize(text));
    }
  }
  // Pieces as a caller may make them up.
  std::vector<std::int64_t> ids;
  for (const char c : rest.substr(0, 64)) ids.push_back(c);
  tokenizer.Decode(ids, /*skip_special_pieces=*/add_special_pieces)
      .IgnoreError();
}

}  // namespace
}  // namespace strata::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  static const auto tokenizer = strata::fuzz::Load();
  strata::fuzz::TestText(*tokenizer, {data, size});
  return 0;
}
