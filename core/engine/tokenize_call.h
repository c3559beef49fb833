// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_ENGINE_TOKENIZE_CALL_H_
#define STRATA_CORE_ENGINE_TOKENIZE_CALL_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "core/engine/call.h"
#include "core/model/model.h"

namespace strata {

// The answers to calls that need no device, without their room. Errors: those
// of ResolveMaxPieces and TokenizeText; INVALID_FIELD for pieces that are not
// in the vocabulary.
absl::StatusOr<TokenizeReply> TokenizeTexts(
    const TokenizeCall& call, const std::shared_ptr<const Model>& model);
absl::StatusOr<DetokenizeReply> DetokenizePieces(
    const DetokenizeCall& call, const std::shared_ptr<const Model>& model);

// The room that an answer takes in ReplyMemory.
std::int64_t BytesOf(const TokenizeReply& reply);
std::int64_t BytesOf(const DetokenizeReply& reply);

}  // namespace strata

#endif  // STRATA_CORE_ENGINE_TOKENIZE_CALL_H_
