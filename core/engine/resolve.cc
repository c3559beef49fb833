// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/engine/resolve.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/batch/request.h"
#include "core/engine/call.h"
#include "core/engine/cut.h"
#include "core/engine/input_field.h"
#include "core/model/model.h"
#include "core/model/report.h"
#include "core/tokenize/tokenizer.h"

namespace strata {
namespace {

bool Takes(const Model& model, ArgumentRole role) {
  return std::ranges::any_of(
      model.report.arguments,
      [role](const Argument& argument) { return argument.role == role; });
}

// Checks what accompanies ids, piece by piece: `numbers` in [0, limit).
absl::Status CheckCompanion(const std::vector<std::int64_t>& numbers,
                            std::size_t ids, std::int64_t limit,
                            const std::string& field, bool taken) {
  if (numbers.empty()) return absl::OkStatus();
  if (!taken) {
    return Error(Reason::kNotSupportedByModel,
                 absl::StrCat(field,
                              ": the model's trace takes none; leave "
                              "the field empty"));
  }
  if (numbers.size() != ids) {
    return FieldError(field, absl::StrCat("got ", numbers.size(),
                                          " numbers, expected as many as ids, ",
                                          ids, ", or none"));
  }
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i] < 0 || numbers[i] >= limit) {
      return FieldError(
          absl::StrCat(field, "[", i, "]"),
          absl::StrCat("got ", numbers[i], ", expected 0 to ", limit - 1));
    }
  }
  return absl::OkStatus();
}

// Segments of the encoders that Strata knows; more would index outside their
// tables.
constexpr std::int64_t kTypeIds = 2;

// A half-open range that is not empty and inside [0, size).
template <typename Range>
absl::Status CheckRange(const Range& range, std::int64_t size,
                        absl::string_view unit, const std::string& field) {
  if (range.begin < 0 || range.begin >= range.end || range.end > size) {
    return FieldError(
        field, absl::StrCat("got [", range.begin, ", ", range.end,
                            "), expected a half-open range that is not empty "
                            "and inside the input's ",
                            size, " ", unit));
  }
  return absl::OkStatus();
}

// The pieces that bytes [span.begin, span.end) of the first text touch.
absl::StatusOr<PieceSpan> TouchedPieces(const ByteRange& span,
                                        const Tokens& tokens,
                                        const std::string& field) {
  const auto places = std::views::iota(std::size_t{0}, tokens.ranges.size());
  const auto touches = [&](std::size_t piece) {
    const ByteRange& range = tokens.ranges[piece];
    return tokens.origins[piece] == PieceOrigin::kText &&
           range.begin < span.end && range.end > span.begin;
  };
  const auto first = std::ranges::find_if(places, touches);
  if (first == places.end()) {
    return FieldError(field, absl::StrCat("bytes [", span.begin, ", ", span.end,
                                          ") touch no piece of the input that "
                                          "is left after truncation"));
  }
  const auto last = std::ranges::find_if(std::views::reverse(places), touches);
  return PieceSpan{.begin = static_cast<std::int64_t>(*first),
                   .end = static_cast<std::int64_t>(*last) + 1};
}

// A span of pieces after the cut; empty where it was cut away.
PieceSpan ShiftSpan(const PieceSpan& span, const Cut& cut) {
  const auto shift = [&cut](std::int64_t place) -> std::int64_t {
    if (place <= cut.begin) return place;
    return std::max<std::int64_t>(cut.begin, place - cut.pieces());
  };
  return {.begin = shift(span.begin), .end = shift(span.end)};
}

}  // namespace

absl::StatusOr<int> ResolveMaxPieces(int max_pieces, const Model& model) {
  if (max_pieces < 0 || max_pieces > model.max_pieces) {
    return FieldError(
        "max_pieces",
        absl::StrCat("got ", max_pieces, ", expected 0 (the model's limit) to ",
                     model.max_pieces));
  }
  return max_pieces == 0 ? model.max_pieces : max_pieces;
}

absl::Status CheckPieces(const PieceInput& pieces, int input,
                         const Model& model) {
  const std::string field = InputField(input, ".pieces");
  if (pieces.ids.empty()) {
    return FieldError(absl::StrCat(field, ".ids"),
                      "no pieces; an input has at least one");
  }
  for (std::size_t i = 0; i < pieces.ids.size(); ++i) {
    const std::int64_t id = pieces.ids[i];
    if (id < 0 || id >= model.report.vocabulary_size) {
      return FieldError(absl::StrCat(field, ".ids[", i, "]"),
                        absl::StrCat("got ", id, ", expected 0 to ",
                                     model.report.vocabulary_size - 1,
                                     ", the model's vocabulary"));
    }
  }
  STRATA_RETURN_IF_ERROR(CheckCompanion(
      pieces.positions, pieces.ids.size(), model.report.longest_pieces,
      absl::StrCat(field, ".positions"),
      Takes(model, ArgumentRole::kPositions)));
  return CheckCompanion(pieces.type_ids, pieces.ids.size(), kTypeIds,
                        absl::StrCat(field, ".type_ids"),
                        Takes(model, ArgumentRole::kTypeIds));
}

absl::StatusOr<Sequence> SequenceOf(const TextInput& text, const Tokens& tokens,
                                    int input, const Model& model) {
  Sequence sequence;
  for (std::size_t i = 0; i < text.spans.size(); ++i) {
    const std::string field =
        InputField(input, absl::StrCat(".spans[", i, "]"));
    STRATA_RETURN_IF_ERROR(CheckRange(text.spans[i], std::ssize(text.text),
                                      "bytes of text", field));
    STRATA_ASSIGN_OR_RETURN(const PieceSpan span,
                            TouchedPieces(text.spans[i], tokens, field));
    sequence.spans.push_back(span);
  }
  sequence.ids = tokens.ids;
  if (Takes(model, ArgumentRole::kTypeIds)) sequence.type_ids = tokens.type_ids;
  return sequence;
}

absl::StatusOr<Sequence> SequenceOf(PieceInput pieces, const Cut& cut,
                                    int input) {
  Sequence sequence;
  for (std::size_t i = 0; i < pieces.spans.size(); ++i) {
    const std::string field =
        InputField(input, absl::StrCat(".spans[", i, "]"));
    STRATA_RETURN_IF_ERROR(
        CheckRange(pieces.spans[i], std::ssize(pieces.ids), "pieces", field));
    const PieceSpan span = ShiftSpan(pieces.spans[i], cut);
    if (span.begin == span.end) {
      return FieldError(field, "truncation cut the whole span away");
    }
    sequence.spans.push_back(span);
  }
  EraseCut(pieces.ids, cut);
  EraseCut(pieces.positions, cut);
  EraseCut(pieces.type_ids, cut);
  sequence.ids = std::move(pieces.ids);
  sequence.positions = std::move(pieces.positions);
  sequence.type_ids = std::move(pieces.type_ids);
  return sequence;
}

absl::Status CheckSequence(const Sequence& sequence, int input,
                           const Model& model) {
  if (sequence.ids.empty()) {
    return FieldError(InputField(input, ".text"),
                      "yields no pieces; an input has at least one");
  }
  const std::int64_t largest = std::ranges::max(sequence.ids);
  if (largest >= model.report.vocabulary_size) {
    return Error(Reason::kNotSupportedByModel,
                 absl::StrCat(InputField(input, ""),
                              ": the tokenizer yields "
                              "piece ",
                              largest,
                              ", but the trace's vocabulary "
                              "ends at ",
                              model.report.vocabulary_size - 1,
                              "; the model directory holds the wrong "
                              "tokenizer"));
  }
  const bool has_types = !sequence.type_ids.empty();
  if (has_types && std::ranges::max(sequence.type_ids) >= kTypeIds) {
    return Error(
        Reason::kNotSupportedByModel,
        absl::StrCat(InputField(input, ""),
                     ": the tokenizer gives type ids above ", kTypeIds - 1,
                     ", which traces do not know; send pieces with "
                     "type_ids instead"));
  }
  for (std::size_t i = 0; i < sequence.outputs->size(); ++i) {
    const OutputSpec& spec = (*sequence.outputs)[i];
    for (std::size_t j = 0; j < spec.positions.size(); ++j) {
      const int position = spec.positions[j];
      if (position < -sequence.pieces() || position >= sequence.pieces()) {
        return FieldError(absl::StrCat("outputs[", i, "].positions[", j, "]"),
                          absl::StrCat("got ", position, ", but inputs[", input,
                                       "] has ", sequence.pieces(), " pieces"));
      }
    }
    if (spec.pooling == Pooling::kSpans && sequence.spans.empty()) {
      return FieldError(
          InputField(input, ".spans"),
          absl::StrCat("empty, but outputs[", i, "] pools by SPANS"));
    }
  }
  return absl::OkStatus();
}

}  // namespace strata
