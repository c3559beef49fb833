// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_TOKENIZE_TOKENIZER_CONFIG_H_
#define STRATA_CORE_TOKENIZE_TOKENIZER_CONFIG_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace strata {

// What Hugging Face's `tokenizer_config.json` says about special pieces: a
// `tokenizer.model` does not know by itself which of them a text gets.
struct TokenizerConfig {
  // Whether a text begins with <s>. Unset: as `tokenizer_class` says, or else
  // where the model has such a piece.
  std::optional<bool> add_begin;
  // Whether a text ends with </s>. Unset: as `tokenizer_class` says, or else
  // no.
  std::optional<bool> add_end;
  // Name of the transformers package's class, as "LlamaTokenizer": it says how
  // two texts are joined. Empty: not known.
  std::string tokenizer_class;
};

// Reads the contents of a `tokenizer_config.json`; other keys are ignored.
// Error: INVALID_ARGUMENT, naming the key.
absl::StatusOr<TokenizerConfig> ParseTokenizerConfig(absl::string_view text);

}  // namespace strata

#endif  // STRATA_CORE_TOKENIZE_TOKENIZER_CONFIG_H_
