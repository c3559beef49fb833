// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/tokenize/hugging_face_tokenizer.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/tokenize/check_ids.h"
#include "core/tokenize/tokenizer.h"
#include "rust/cxx.h"
#include "strata_tokenizers/bridge.h"

namespace strata {
namespace {

using tokenizers_bridge::BridgeEncoding;
using tokenizers_bridge::BridgeOrigin;
using tokenizers_bridge::BridgePiece;
using tokenizers_bridge::BridgeTokenizer;

rust::Slice<const std::uint8_t> Bytes(absl::string_view text) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): char's bytes.
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// What `call` returns; an error of the bridge's, which C++ sees as an
// exception, with this reason. The one place that catches them.
template <typename Call>
auto CatchRustError(Reason reason, const Call& call)
    -> absl::StatusOr<std::invoke_result_t<Call>> {
  try {
    return call();
  } catch (const rust::Error& error) {
    return Error(reason, absl::StrCat("tokenizers: ", error.what()));
  }
}

PieceOrigin ToOrigin(BridgeOrigin origin) {
  switch (origin) {
    case BridgeOrigin::Special:
      return PieceOrigin::kSpecial;
    case BridgeOrigin::Text:
      return PieceOrigin::kText;
    case BridgeOrigin::Pair:
      return PieceOrigin::kPair;
  }
  return PieceOrigin::kSpecial;
}

Tokens ToTokens(const rust::Vec<BridgePiece>& pieces) {
  Tokens tokens;
  tokens.ids.reserve(pieces.size());
  tokens.ranges.reserve(pieces.size());
  tokens.origins.reserve(pieces.size());
  tokens.type_ids.reserve(pieces.size());
  for (const BridgePiece& piece : pieces) {
    tokens.ids.push_back(piece.id);
    tokens.ranges.push_back({.begin = static_cast<std::int64_t>(piece.begin),
                             .end = static_cast<std::int64_t>(piece.end)});
    tokens.origins.push_back(ToOrigin(piece.origin));
    tokens.type_ids.push_back(piece.type_id);
  }
  return tokens;
}

}  // namespace

struct HuggingFaceTokenizer::Bridge {
  rust::Box<BridgeTokenizer> tokenizer;
};

absl::StatusOr<std::unique_ptr<HuggingFaceTokenizer>>
HuggingFaceTokenizer::Create(absl::string_view json) {
  STRATA_ASSIGN_OR_RETURN(
      rust::Box<BridgeTokenizer> tokenizer,
      CatchRustError(Reason::kInvalidField, [&] {
        return tokenizers_bridge::load_tokenizer(Bytes(json));
      }));
  return std::unique_ptr<HuggingFaceTokenizer>(new HuggingFaceTokenizer(
      std::make_unique<Bridge>(Bridge{std::move(tokenizer)})));
}

HuggingFaceTokenizer::HuggingFaceTokenizer(std::unique_ptr<const Bridge> bridge)
    : bridge_(std::move(bridge)) {}

HuggingFaceTokenizer::~HuggingFaceTokenizer() = default;

absl::StatusOr<Tokens> HuggingFaceTokenizer::Encode(
    absl::string_view text, const EncodeOptions& options) const {
  STRATA_ASSIGN_OR_RETURN(
      const BridgeEncoding encoding,
      CatchRustError(Reason::kTokenizerFailed, [&] {
        const BridgeTokenizer& tokenizer = *bridge_->tokenizer;
        return options.pair.empty()
                   ? tokenizer.encode(Bytes(text), options.add_special_pieces)
                   : tokenizer.encode_pair(Bytes(text), Bytes(options.pair),
                                           options.add_special_pieces);
      }));
  if (encoding.unknown) {
    return Error(Reason::kInvalidField,
                 "has a character that the vocabulary does not know, and the "
                 "tokenizer has no piece for unknown ones; leave it out");
  }
  return ToTokens(encoding.pieces);
}

absl::StatusOr<std::string> HuggingFaceTokenizer::Decode(
    std::span<const std::int64_t> ids, bool skip_special_pieces) const {
  STRATA_RETURN_IF_ERROR(CheckIds(ids, VocabularySize()));
  const std::vector<std::uint32_t> narrow(ids.begin(), ids.end());
  STRATA_ASSIGN_OR_RETURN(
      const rust::String text, CatchRustError(Reason::kTokenizerFailed, [&] {
        return bridge_->tokenizer->decode({narrow.data(), narrow.size()},
                                          skip_special_pieces);
      }));
  return std::string(text);
}

std::string HuggingFaceTokenizer::PieceText(std::int64_t id) const {
  if (id < 0 || id > std::numeric_limits<std::uint32_t>::max()) return "";
  return std::string(
      bridge_->tokenizer->piece_text(static_cast<std::uint32_t>(id)));
}

std::int64_t HuggingFaceTokenizer::VocabularySize() const {
  return static_cast<std::int64_t>(bridge_->tokenizer->vocabulary_size());
}

}  // namespace strata
