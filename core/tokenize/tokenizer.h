// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_TOKENIZE_TOKENIZER_H_
#define STRATA_CORE_TOKENIZE_TOKENIZER_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace strata {

// Where a piece came from: bytes [begin, end) of the text that was given,
// before any normalisation. begin == end for special pieces.
struct ByteRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;

  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// What a piece was made from: nothing (the tokenizer added it), the text, or
// the second text of a pair.
enum class PieceOrigin : std::uint8_t { kSpecial, kText, kPair };

// A text, or a pair of them, as pieces; the vectors are equally long. May be
// empty. The pieces of each text stand together.
struct Tokens {
  std::vector<std::int64_t> ids;
  // Of the text that `origins` says.
  std::vector<ByteRange> ranges;
  std::vector<PieceOrigin> origins;
  // Segments, for a trace that takes them; all 0 unless the tokenizer's own
  // configuration says otherwise, as it does for the pairs of BERT.
  std::vector<std::int64_t> type_ids;
};

// Splits texts into a vocabulary's pieces and joins them again. Never
// truncates and never pads, whatever its file says: the server does both.
// Thread-safe: all members may be called at once.
//
//   auto tokenizer = LoadTokenizer("models/minilm/1");
//   auto tokens = (*tokenizer)->Encode("Hello!", {.add_special_pieces = true});
class Tokenizer {
 public:
  struct EncodeOptions {
    // Whether special pieces ([CLS], <s>, ...) are added, as the tokenizer's
    // own configuration says.
    bool add_special_pieces = true;
    // The second text of a pair, in the same encoding; empty: none. The two
    // are joined as the tokenizer's own configuration says.
    absl::string_view pair;
  };

  virtual ~Tokenizer() = default;

  // Splits `text`, which is valid UTF-8 and may hold NUL. Errors: INTERNAL,
  // reason TOKENIZER_FAILED; INVALID_ARGUMENT, reason INVALID_FIELD, for a
  // character that neither the vocabulary nor an unknown piece stands for;
  // FAILED_PRECONDITION, reason NOT_SUPPORTED_BY_MODEL, for a pair where the
  // configuration does not say how two texts are joined.
  virtual absl::StatusOr<Tokens> Encode(absl::string_view text,
                                        const EncodeOptions& options) const = 0;

  // Joins pieces. Error: INVALID_ARGUMENT for an id outside the vocabulary.
  virtual absl::StatusOr<std::string> Decode(
      std::span<const std::int64_t> ids, bool skip_special_pieces) const = 0;

  // The vocabulary's string for an id; empty where it has none.
  virtual std::string PieceText(std::int64_t id) const = 0;

  // One more than the largest id.
  virtual std::int64_t VocabularySize() const = 0;
};

// Reads the tokenizer of a model directory: `tokenizer.json` (Hugging Face), or
// else `tokenizer.model` (sentencepiece). Errors, naming the file and the
// remedy: NOT_FOUND where there is neither; INVALID_ARGUMENT for a damaged one.
absl::StatusOr<std::shared_ptr<const Tokenizer>> LoadTokenizer(
    const std::filesystem::path& directory);

}  // namespace strata

#endif  // STRATA_CORE_TOKENIZE_TOKENIZER_H_
