// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_TOKENIZE_SENTENCE_PIECE_TOKENIZER_H_
#define STRATA_CORE_TOKENIZE_SENTENCE_PIECE_TOKENIZER_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
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
//
// Two texts are joined where the configuration's class is known to: each is
// split by itself and has special pieces of its own, and the second has the
// type id 1.
class SentencePieceTokenizer final : public Tokenizer {
 public:
  // From the contents of the file. Error: INVALID_ARGUMENT, also where `config`
  // wants a special piece that the model does not have, or names a class that
  // numbers or splits otherwise than the file says.
  static absl::StatusOr<std::unique_ptr<SentencePieceTokenizer>> Create(
      absl::string_view bytes, const TokenizerConfig& config);

  absl::StatusOr<Tokens> Encode(absl::string_view text,
                                const EncodeOptions& options) const override;
  absl::StatusOr<std::string> Decode(std::span<const std::int64_t> ids,
                                     bool skip_special_pieces) const override;
  std::string PieceText(std::int64_t id) const override;
  std::int64_t VocabularySize() const override;

 private:
  // Which special pieces a text gets, and whether two can be joined.
  struct Layout {
    bool add_begin = false;
    bool add_end = false;
    bool joins_pairs = false;
  };

  SentencePieceTokenizer(std::unique_ptr<const SentencePieceModel> model,
                         const Layout& layout);

  // Appends the pieces of one text, the special ones with it.
  absl::Status AppendText(absl::string_view text, PieceOrigin origin,
                          bool add_special_pieces, Tokens& tokens) const;

  const std::unique_ptr<const SentencePieceModel> model_;
  const Layout layout_;
};

}  // namespace strata

#endif  // STRATA_CORE_TOKENIZE_SENTENCE_PIECE_TOKENIZER_H_
