// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/error.h"
#include "core/base/read_file.h"
#include "core/base/status_macros.h"
#include "core/tokenize/hugging_face_tokenizer.h"
#include "core/tokenize/sentence_piece_tokenizer.h"
#include "core/tokenize/tokenizer.h"
#include "core/tokenize/tokenizer_config.h"

namespace strata {
namespace {

using std::filesystem::path;

constexpr const char* kHuggingFaceFile = "tokenizer.json";
constexpr const char* kSentencePieceFile = "tokenizer.model";
constexpr const char* kConfigFile = "tokenizer_config.json";

absl::Status Damaged(const path& file, absl::string_view why) {
  return Error(Reason::kInvalidField,
               absl::StrCat("cannot use ", file.string(), ": ", why,
                            "; export the model again, or copy the file from "
                            "the original checkpoint"));
}

absl::StatusOr<std::string> Read(const path& file) {
  auto contents = ReadFile(file);
  if (!contents.ok()) return Damaged(file, contents.status().message());
  return contents;
}

absl::StatusOr<TokenizerConfig> ReadConfig(const path& file) {
  if (!IsThere(file)) return TokenizerConfig{};
  STRATA_ASSIGN_OR_RETURN(const std::string json, Read(file));
  auto config = ParseTokenizerConfig(json);
  if (!config.ok()) return Damaged(file, config.status().message());
  return config;
}

// What `created` holds, or its error with the file's name.
template <typename Kind>
absl::StatusOr<std::shared_ptr<const Tokenizer>> Share(
    absl::StatusOr<std::unique_ptr<Kind>> created, const path& file) {
  if (!created.ok()) return Damaged(file, created.status().message());
  return std::shared_ptr<const Tokenizer>(*std::move(created));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Tokenizer>> LoadTokenizer(
    const path& directory) {
  if (const path file = directory / kHuggingFaceFile; IsThere(file)) {
    STRATA_ASSIGN_OR_RETURN(const std::string json, Read(file));
    return Share(HuggingFaceTokenizer::Create(json), file);
  }
  if (const path file = directory / kSentencePieceFile; IsThere(file)) {
    STRATA_ASSIGN_OR_RETURN(const std::string bytes, Read(file));
    STRATA_ASSIGN_OR_RETURN(const TokenizerConfig config,
                            ReadConfig(directory / kConfigFile));
    return Share(SentencePieceTokenizer::Create(bytes, config), file);
  }
  return Error(
      Reason::kModelNotFound,
      absl::StrCat("no tokenizer in ", directory.string(), ": expected ",
                   kHuggingFaceFile, " or ", kSentencePieceFile,
                   "; copy it from the checkpoint, or export the "
                   "model with strata-export, which does"));
}

}  // namespace strata
