// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_TOKENIZE_SENTENCE_PIECE_MODEL_H_
#define STRATA_CORE_TOKENIZE_SENTENCE_PIECE_MODEL_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace strata {

// What sentencepiece says has failed.
struct SentencePieceFailure {
  std::string message;
};

template <typename Value>
using SentencePieceResult = std::variant<Value, SentencePieceFailure>;

// A sentencepiece model behind a header that names neither sentencepiece nor
// abseil: sentencepiece's own header declares an absl::string_view, which
// abseil's refuses to meet in one file. For SentencePieceTokenizer alone.
// Thread-safe.
class SentencePieceModel {
 public:
  struct Piece {
    int id = 0;
    // Bytes of the text, before normalisation.
    std::size_t begin = 0;
    std::size_t end = 0;
  };

  // Reads the contents of a `tokenizer.model`.
  static SentencePieceResult<std::unique_ptr<SentencePieceModel>> Parse(
      std::string_view bytes);

  SentencePieceModel(const SentencePieceModel&) = delete;
  SentencePieceModel& operator=(const SentencePieceModel&) = delete;
  ~SentencePieceModel();

  // The pieces of `text`, without special ones. Where a character is not in the
  // vocabulary and falls back to its bytes, each of these pieces has the whole
  // character as its range.
  SentencePieceResult<std::vector<Piece>> Encode(std::string_view text) const;

  // Joins pieces, control pieces left out; each id is in [0, size()).
  SentencePieceResult<std::string> Decode(const std::vector<int>& ids) const;

  // The vocabulary's string for an id in [0, size()).
  const std::string& PieceText(int id) const;

  // Whether an id in [0, size()) has no text of its own, as <s>.
  bool IsControl(int id) const;

  int size() const;

  // The pieces that begin and end a text; -1 where the model has none.
  int begin_id() const;
  int end_id() const;

 private:
  class Processor;

  explicit SentencePieceModel(std::unique_ptr<Processor> processor);

  const std::unique_ptr<const Processor> processor_;
};

}  // namespace strata

#endif  // STRATA_CORE_TOKENIZE_SENTENCE_PIECE_MODEL_H_
