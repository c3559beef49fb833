// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/tokenize/sentence_piece_tokenizer.h"

#include <algorithm>
#include <array>
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
#include "absl/strings/strip.h"
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

// What a class of the transformers package does with a sentencepiece model.
struct Class {
  absl::string_view name;
  // Special pieces, unless the configuration says otherwise.
  bool adds_begin = true;
  bool adds_end = false;
};

// Those that take pieces as the file has them, and join two texts each with its
// own special pieces.
constexpr std::array kPlainClasses = {
    Class{.name = "LlamaTokenizer"},
    Class{.name = "CodeLlamaTokenizer"},
    Class{.name = "GemmaTokenizer"},
    Class{.name = "T5Tokenizer", .adds_begin = false, .adds_end = true},
};

// Those that number pieces anew, or change the text before the file's own rules
// do: the file alone would give other pieces without a word.
constexpr std::array<absl::string_view, 8> kOtherClasses = {
    "AlbertTokenizer",     "BarthezTokenizer", "CamembertTokenizer",
    "MBartTokenizer",      "MBart50Tokenizer", "PegasusTokenizer",
    "XLMRobertaTokenizer", "XLNetTokenizer"};

// The plain class of this name, or of this name and "Fast"; nullptr: another.
absl::StatusOr<const Class*> FindClass(absl::string_view name) {
  const absl::string_view slow = absl::StripSuffix(name, "Fast");
  if (std::ranges::count(kOtherClasses, slow) > 0) {
    return Error(
        Reason::kInvalidField,
        absl::StrCat(R"(tokenizer_config.json says "tokenizer_class": ")", name,
                     "\", which numbers or splits pieces otherwise than "
                     "tokenizer.model alone says; put the checkpoint's "
                     "tokenizer.json in its place"));
  }
  const auto* found = std::ranges::find(kPlainClasses, slow, &Class::name);
  return found == kPlainClasses.end() ? nullptr : found;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SentencePieceTokenizer>>
SentencePieceTokenizer::Create(absl::string_view bytes,
                               const TokenizerConfig& config) {
  STRATA_ASSIGN_OR_RETURN(const Class* known,
                          FindClass(config.tokenizer_class));
  STRATA_ASSIGN_OR_RETURN(
      std::unique_ptr<SentencePieceModel> model,
      ToStatusOr(SentencePieceModel::Parse({bytes.data(), bytes.size()}),
                 Reason::kInvalidField));
  const bool has_begin = model->begin_id() >= 0;
  const Layout layout = {
      .add_begin = config.add_begin.value_or(
          has_begin && (known == nullptr || known->adds_begin)),
      .add_end = config.add_end.value_or(known != nullptr && known->adds_end),
      .joins_pairs = known != nullptr};
  STRATA_RETURN_IF_ERROR(CheckHas(layout.add_begin, model->begin_id(),
                                  "add_bos_token", "beginning"));
  STRATA_RETURN_IF_ERROR(
      CheckHas(layout.add_end, model->end_id(), "add_eos_token", "end"));
  return std::unique_ptr<SentencePieceTokenizer>(
      new SentencePieceTokenizer(std::move(model), layout));
}

SentencePieceTokenizer::SentencePieceTokenizer(
    std::unique_ptr<const SentencePieceModel> model, const Layout& layout)
    : model_(std::move(model)), layout_(layout) {}

absl::StatusOr<Tokens> SentencePieceTokenizer::Encode(
    absl::string_view text, const EncodeOptions& options) const {
  if (!options.pair.empty() && !layout_.joins_pairs) {
    return Error(
        Reason::kNotSupportedByModel,
        "the model's tokenizer.model does not say how two texts are "
        "joined; send one text, or give the model a tokenizer.json, "
        "or a tokenizer_config.json whose \"tokenizer_class\" does, as "
        "LlamaTokenizer");
  }
  Tokens tokens;
  STRATA_RETURN_IF_ERROR(
      AppendText(text, PieceOrigin::kText, options.add_special_pieces, tokens));
  if (!options.pair.empty()) {
    STRATA_RETURN_IF_ERROR(AppendText(options.pair, PieceOrigin::kPair,
                                      options.add_special_pieces, tokens));
  }
  return tokens;
}

absl::Status SentencePieceTokenizer::AppendText(absl::string_view text,
                                                PieceOrigin origin,
                                                bool add_special_pieces,
                                                Tokens& tokens) const {
  STRATA_ASSIGN_OR_RETURN(const std::vector<SentencePieceModel::Piece> pieces,
                          ToStatusOr(model_->Encode({text.data(), text.size()}),
                                     Reason::kTokenizerFailed));
  const std::int64_t type_id = origin == PieceOrigin::kPair ? 1 : 0;
  const auto add = [&](std::int64_t id, ByteRange range, PieceOrigin from) {
    tokens.ids.push_back(id);
    tokens.ranges.push_back(range);
    tokens.origins.push_back(from);
    tokens.type_ids.push_back(type_id);
  };
  if (add_special_pieces && layout_.add_begin) {
    add(model_->begin_id(), {}, PieceOrigin::kSpecial);
  }
  for (const SentencePieceModel::Piece& piece : pieces) {
    add(piece.id,
        {.begin = static_cast<std::int64_t>(piece.begin),
         .end = static_cast<std::int64_t>(piece.end)},
        origin);
  }
  if (add_special_pieces && layout_.add_end) {
    add(model_->end_id(), {}, PieceOrigin::kSpecial);
  }
  return absl::OkStatus();
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
