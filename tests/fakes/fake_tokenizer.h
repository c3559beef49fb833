// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_FAKES_FAKE_TOKENIZER_H_
#define STRATA_TESTS_FAKES_FAKE_TOKENIZER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/error.h"
#include "core/tokenize/tokenizer.h"

namespace strata {

// A tokenizer without a file: every byte is a piece, between the special
// pieces 0 "<s>" and 1 "</s>", so a test knows the pieces of any text by
// heart. The id of a byte is the byte plus kFirstByte. A pair's second text has
// the type id 1, and so has the "</s>" after it. Thread-safe.
//
//   FakeTokenizer().Encode("A", {})               // ids 0, 67, 1
//   FakeTokenizer().Encode("A", {.pair = "B"})    // ids 0, 67, 1, 68, 1
class FakeTokenizer final : public Tokenizer {
 public:
  static constexpr std::int64_t kBegin = 0;
  static constexpr std::int64_t kEnd = 1;
  static constexpr std::int64_t kFirstByte = 2;

  absl::StatusOr<Tokens> Encode(absl::string_view text,
                                const EncodeOptions& options) const override {
    Tokens tokens;
    if (options.add_special_pieces) {
      Add(kBegin, {}, PieceOrigin::kSpecial, 0, tokens);
    }
    AddText(text, PieceOrigin::kText, options.add_special_pieces, tokens);
    if (!options.pair.empty()) {
      AddText(options.pair, PieceOrigin::kPair, options.add_special_pieces,
              tokens);
    }
    return tokens;
  }

  absl::StatusOr<std::string> Decode(std::span<const std::int64_t> ids,
                                     bool skip_special_pieces) const override {
    std::string text;
    for (const std::int64_t id : ids) {
      if (id < 0 || id >= VocabularySize()) {
        return Error(Reason::kInvalidField,
                     absl::StrCat("piece id ", id, " is outside 0..",
                                  VocabularySize() - 1));
      }
      if (id >= kFirstByte) {
        text.push_back(static_cast<char>(id - kFirstByte));
      } else if (!skip_special_pieces) {
        text += PieceText(id);
      }
    }
    return text;
  }

  std::string PieceText(std::int64_t id) const override {
    if (id == kBegin) return "<s>";
    if (id == kEnd) return "</s>";
    const std::int64_t byte = id - kFirstByte;
    if (byte >= 0x20 && byte < 0x7F) return {static_cast<char>(byte)};
    if (byte < 0 || byte > 0xFF) return "";
    return absl::StrCat("<0x", absl::Hex(byte, absl::kZeroPad2), ">");
  }

  std::int64_t VocabularySize() const override { return kFirstByte + 256; }

 private:
  static void Add(std::int64_t id, ByteRange range, PieceOrigin origin,
                  std::int64_t type_id, Tokens& tokens) {
    tokens.ids.push_back(id);
    tokens.ranges.push_back(range);
    tokens.origins.push_back(origin);
    tokens.type_ids.push_back(type_id);
  }

  static void AddText(absl::string_view text, PieceOrigin origin,
                      bool add_special_pieces, Tokens& tokens) {
    const std::int64_t type_id = origin == PieceOrigin::kPair ? 1 : 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto begin = static_cast<std::int64_t>(i);
      Add(kFirstByte + static_cast<unsigned char>(text[i]), {begin, begin + 1},
          origin, type_id, tokens);
    }
    if (add_special_pieces) {
      Add(kEnd, {}, PieceOrigin::kSpecial, type_id, tokens);
    }
  }
};

}  // namespace strata

#endif  // STRATA_TESTS_FAKES_FAKE_TOKENIZER_H_
