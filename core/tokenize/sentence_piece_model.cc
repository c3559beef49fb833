// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/tokenize/sentence_piece_model.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// No header of abseil's, directly or not: see the class's comment.
#include "sentencepiece_processor.h"

namespace strata {
namespace {

using sentencepiece::ImmutableSentencePieceText;
using sentencepiece::SentencePieceProcessor;
using sentencepiece::util::Status;

SentencePieceFailure Failure(const Status& status) {
  return {.message = status.error_message()};
}

}  // namespace

class SentencePieceModel::Processor final : public SentencePieceProcessor {};

SentencePieceResult<std::unique_ptr<SentencePieceModel>>
SentencePieceModel::Parse(std::string_view bytes) {
  auto processor = std::make_unique<Processor>();
  const Status status = processor->LoadFromSerializedProto(bytes);
  if (!status.ok()) return Failure(status);
  return std::unique_ptr<SentencePieceModel>(
      new SentencePieceModel(std::move(processor)));
}

SentencePieceModel::SentencePieceModel(std::unique_ptr<Processor> processor)
    : processor_(std::move(processor)) {}

SentencePieceModel::~SentencePieceModel() = default;

SentencePieceResult<std::vector<SentencePieceModel::Piece>>
SentencePieceModel::Encode(std::string_view text) const {
  ImmutableSentencePieceText encoded;
  const Status status = processor_->Encode(text, encoded.mutable_proto());
  if (!status.ok()) return Failure(status);
  std::vector<Piece> pieces(encoded.pieces_size());
  // Of the bytes of one character, sentencepiece gives the range to the last,
  // and its empty beginning to the others.
  const Piece* next_byte = nullptr;
  for (std::size_t i = pieces.size(); i-- > 0;) {
    const auto piece = encoded.pieces(static_cast<int>(i));
    pieces[i] = {.id = static_cast<int>(piece.id()),
                 .begin = piece.begin(),
                 .end = piece.end()};
    const bool is_byte = processor_->IsByte(pieces[i].id);
    const bool has_surface = !piece.surface().empty();
    if (is_byte && !has_surface && next_byte != nullptr) {
      pieces[i].end = next_byte->end;
    }
    next_byte = is_byte ? &pieces[i] : nullptr;
  }
  return pieces;
}

SentencePieceResult<std::string> SentencePieceModel::Decode(
    const std::vector<int>& ids) const {
  std::string text;
  const Status status = processor_->Decode(ids, &text);
  if (!status.ok()) return Failure(status);
  return text;
}

const std::string& SentencePieceModel::PieceText(int id) const {
  return processor_->IdToPiece(id);
}

bool SentencePieceModel::IsControl(int id) const {
  return processor_->IsControl(id);
}

int SentencePieceModel::size() const { return processor_->GetPieceSize(); }

int SentencePieceModel::begin_id() const { return processor_->bos_id(); }

int SentencePieceModel::end_id() const { return processor_->eos_id(); }

}  // namespace strata
