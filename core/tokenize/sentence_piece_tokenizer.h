// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_TOKENIZE_SENTENCE_PIECE_TOKENIZER_H_
#define STRATA_CORE_TOKENIZE_SENTENCE_PIECE_TOKENIZER_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/tokenize/sentence_piece_model.h"
#include "core/tokenize/tokenizer.h"
#include "core/tokenize/tokenizer_config.h"

namespace strata {

// A `tokenizer.model`, read by sentencepiece. Special pieces have the range
// [0, 0). A character that falls back to its bytes is the range of each of
// them. A piece for a space that the model puts before the text has an empty
// range, although it is not special.
class SentencePieceTokenizer final : public Tokenizer {
 public:
  // From the contents of the file. Error: INVALID_ARGUMENT, also where `config`
  // wants a special piece that the model does not have.
  static absl::StatusOr<std::unique_ptr<SentencePieceTokenizer>> Create(
      absl::string_view bytes, const TokenizerConfig& config);

  absl::StatusOr<Tokens> Encode(absl::string_view text,
                                const EncodeOptions& options) const override;
  absl::StatusOr<std::string> Decode(std::span<const std::int64_t> ids,
                                     bool skip_special_pieces) const override;
  std::string PieceText(std::int64_t id) const override;
  std::int64_t VocabularySize() const override;

 private:
  SentencePieceTokenizer(std::unique_ptr<const SentencePieceModel> model,
                         bool add_begin, bool add_end);

  const std::unique_ptr<const SentencePieceModel> model_;
  const bool add_begin_;
  const bool add_end_;
};

}  // namespace strata

#endif  // STRATA_CORE_TOKENIZE_SENTENCE_PIECE_TOKENIZER_H_
