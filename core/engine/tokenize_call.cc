// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/engine/tokenize_call.h"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/engine/call.h"
#include "core/engine/pieces.h"
#include "core/engine/reply_memory.h"
#include "core/engine/resolve.h"
#include "core/engine/tokenize_text.h"
#include "core/model/model.h"
#include "core/tokenize/tokenizer.h"

namespace strata {

namespace {

// Between two inputs, of which one may take a while.
absl::Status CheckWanted(const std::stop_token& stop) {
  if (!stop.stop_requested()) return absl::OkStatus();
  return Error(Reason::kCallerCancelled, "the caller cancelled");
}

}  // namespace

absl::StatusOr<TokenizeReply> TokenizeTexts(
    const TokenizeCall& call, const std::shared_ptr<const Model>& model) {
  STRATA_ASSIGN_OR_RETURN(const int max_pieces,
                          ResolveMaxPieces(call.max_pieces, *model));
  std::optional<PieceLimit> limit;
  if (call.truncation.has_value()) {
    limit = {.max_pieces = max_pieces, .truncation = *call.truncation};
  }
  TokenizeReply reply{.model = model, .texts = {}};
  for (int i = 0; i < std::ssize(call.texts); ++i) {
    STRATA_RETURN_IF_ERROR(CheckWanted(call.stop));
    STRATA_ASSIGN_OR_RETURN(
        const TokenizedText tokenized,
        TokenizeText(call.texts[i], *model, call.add_special_pieces, limit, i));
    reply.texts.push_back(
        {.pieces = PiecesOf(tokenized.tokens, *model->tokenizer),
         .truncated_pieces = tokenized.truncated_pieces});
  }
  return reply;
}

absl::StatusOr<DetokenizeReply> DetokenizePieces(
    const DetokenizeCall& call, const std::shared_ptr<const Model>& model) {
  DetokenizeReply reply{.model = model, .texts = {}};
  for (std::size_t i = 0; i < call.inputs.size(); ++i) {
    STRATA_RETURN_IF_ERROR(CheckWanted(call.stop));
    auto text =
        model->tokenizer->Decode(call.inputs[i], call.skip_special_pieces);
    if (absl::IsInvalidArgument(text.status())) {
      return FieldError(absl::StrCat("inputs[", i, "].ids"),
                        text.status().message());
    }
    if (!text.ok()) return text.status();
    reply.texts.push_back(*std::move(text));
  }
  return reply;
}

std::int64_t BytesOf(const TokenizeReply& reply) {
  std::int64_t bytes = ReplyMemory::kAnswerBytes;
  for (const TokenizeReply::Text& text : reply.texts) {
    bytes += BytesOf(text.pieces);
  }
  return bytes;
}

std::int64_t BytesOf(const DetokenizeReply& reply) {
  std::int64_t bytes = ReplyMemory::kAnswerBytes;
  for (const std::string& text : reply.texts) bytes += std::ssize(text);
  return bytes;
}

}  // namespace strata
