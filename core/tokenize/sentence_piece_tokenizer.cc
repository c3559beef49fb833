// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/tokenize/sentence_piece_tokenizer.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/tokenize/check_ids.h"
#include "core/tokenize/sentence_piece_model.h"
#include "core/tokenize/tokenizer.h"
#include "core/tokenize/tokenizer_config.h"

namespace strata {
namespace {

// sentencepiece's result as an absl::StatusOr with this reason for a failure.
template <typename Value>
absl::StatusOr<Value> ToStatusOr(SentencePieceResult<Value> result,
                                 Reason reason) {
  if (auto* failure = std::get_if<SentencePieceFailure>(&result)) {
    return Error(reason, absl::StrCat("sentencepiece: ", failure->message));
  }
  return std::get<Value>(std::move(result));
}

// Whether `wanted` may be: `id` is the piece that it is about.
absl::Status CheckHas(bool wanted, int id, absl::string_view key,
                      absl::string_view piece) {
  if (!wanted || id >= 0) return absl::OkStatus();
  return Error(
      Reason::kInvalidField,
      absl::StrCat("tokenizer_config.json says \"", key,
                   "\": true, but tokenizer.model has no ", piece,
                   " piece; set it to false, or train the model with one"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<SentencePieceTokenizer>>
SentencePieceTokenizer::Create(absl::string_view bytes,
                               const TokenizerConfig& config) {
  STRATA_ASSIGN_OR_RETURN(
      std::unique_ptr<SentencePieceModel> model,
      ToStatusOr(SentencePieceModel::Parse({bytes.data(), bytes.size()}),
                 Reason::kInvalidField));
  const bool add_begin = config.add_begin.value_or(model->begin_id() >= 0);
  const bool add_end = config.add_end.value_or(false);
  STRATA_RETURN_IF_ERROR(
      CheckHas(add_begin, model->begin_id(), "add_bos_token", "beginning"));
  STRATA_RETURN_IF_ERROR(
      CheckHas(add_end, model->end_id(), "add_eos_token", "end"));
  return std::unique_ptr<SentencePieceTokenizer>(
      new SentencePieceTokenizer(std::move(model), add_begin, add_end));
}

SentencePieceTokenizer::SentencePieceTokenizer(
    std::unique_ptr<const SentencePieceModel> model, bool add_begin,
    bool add_end)
    : model_(std::move(model)), add_begin_(add_begin), add_end_(add_end) {}

absl::StatusOr<Tokens> SentencePieceTokenizer::Encode(
    absl::string_view text, const EncodeOptions& options) const {
  STRATA_ASSIGN_OR_RETURN(const std::vector<SentencePieceModel::Piece> pieces,
                          ToStatusOr(model_->Encode({text.data(), text.size()}),
                                     Reason::kTokenizerFailed));
  Tokens tokens;
  tokens.leading_special_pieces =
      options.add_special_pieces && add_begin_ ? 1 : 0;
  tokens.trailing_special_pieces =
      options.add_special_pieces && add_end_ ? 1 : 0;
  tokens.ids.reserve(pieces.size() + 2);
  tokens.ranges.reserve(pieces.size() + 2);
  const auto add = [&tokens](std::int64_t id, ByteRange range) {
    tokens.ids.push_back(id);
    tokens.ranges.push_back(range);
  };
  if (tokens.leading_special_pieces > 0) add(model_->begin_id(), {});
  for (const SentencePieceModel::Piece& piece : pieces) {
    add(piece.id, {.begin = static_cast<std::int64_t>(piece.begin),
                   .end = static_cast<std::int64_t>(piece.end)});
  }
  if (tokens.trailing_special_pieces > 0) add(model_->end_id(), {});
  return tokens;
}

absl::StatusOr<std::string> SentencePieceTokenizer::Decode(
    std::span<const std::int64_t> ids, bool skip_special_pieces) const {
  STRATA_RETURN_IF_ERROR(CheckIds(ids, VocabularySize()));
  std::string text;
  std::vector<int> run;
  const auto append_run = [&]() -> absl::Status {
    STRATA_ASSIGN_OR_RETURN(
        const std::string joined,
        ToStatusOr(model_->Decode(run), Reason::kTokenizerFailed));
    text += joined;
    run.clear();
    return absl::OkStatus();
  };
  for (const std::int64_t id : ids) {
    const int piece = static_cast<int>(id);
    if (!model_->IsControl(piece)) {
      run.push_back(piece);
    } else if (!skip_special_pieces) {
      // sentencepiece gives special pieces no text, so they are put in here.
      STRATA_RETURN_IF_ERROR(append_run());
      text += model_->PieceText(piece);
    }
  }
  STRATA_RETURN_IF_ERROR(append_run());
  return text;
}

std::string SentencePieceTokenizer::PieceText(std::int64_t id) const {
  if (id < 0 || id >= VocabularySize()) return "";
  return model_->PieceText(static_cast<int>(id));
}

std::int64_t SentencePieceTokenizer::VocabularySize() const {
  return model_->size();
}

}  // namespace strata
