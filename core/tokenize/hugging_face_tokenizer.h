// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_TOKENIZE_HUGGING_FACE_TOKENIZER_H_
#define STRATA_CORE_TOKENIZE_HUGGING_FACE_TOKENIZER_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/tokenize/tokenizer.h"

namespace strata {

// A `tokenizer.json`, read by Hugging Face's tokenizers through the bridge in
// core/tokenize/bridge. The file's truncation and padding are switched off.
// Two texts are joined, and given type ids, by its post-processor. Special
// pieces have the range [0, 0). A piece of spaces may have an empty range too:
// the file says whether ranges leave spaces out.
class HuggingFaceTokenizer final : public Tokenizer {
 public:
  // From the contents of the file. Error: INVALID_ARGUMENT.
  static absl::StatusOr<std::unique_ptr<HuggingFaceTokenizer>> Create(
      absl::string_view json);

  ~HuggingFaceTokenizer() override;

  absl::StatusOr<Tokens> Encode(absl::string_view text,
                                const EncodeOptions& options) const override;
  absl::StatusOr<std::string> Decode(std::span<const std::int64_t> ids,
                                     bool skip_special_pieces) const override;
  std::string PieceText(std::int64_t id) const override;
  std::int64_t VocabularySize() const override;

 private:
  // Holds the Rust object, whose header stays out of this one.
  struct Bridge;

  explicit HuggingFaceTokenizer(std::unique_ptr<const Bridge> bridge);

  const std::unique_ptr<const Bridge> bridge_;
};

}  // namespace strata

#endif  // STRATA_CORE_TOKENIZE_HUGGING_FACE_TOKENIZER_H_
