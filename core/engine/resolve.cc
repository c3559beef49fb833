// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/engine/resolve.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
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

// The pieces of a text, to be asked which of them a range of its bytes touches:
// a request may ask a hundred thousand times.
class TextPieces {
 public:
  explicit TextPieces(const Tokens& tokens) {
    for (std::size_t i = 0; i < tokens.ranges.size(); ++i) {
      if (tokens.origins[i] != PieceOrigin::kText) continue;
      places_.push_back(static_cast<std::int64_t>(i));
      ranges_.push_back(tokens.ranges[i]);
      ends_.push_back(tokens.ranges[i].end);
      begins_.push_back(tokens.ranges[i].begin);
    }
    // Ranges are nearly always in order; where they are not, these are.
    std::inclusive_scan(ends_.begin(), ends_.end(), ends_.begin(), Larger);
    std::inclusive_scan(begins_.rbegin(), begins_.rend(), begins_.rbegin(),
                        Smaller);
  }

  // From the first to the last that is touched; empty where none is.
  PieceSpan Touched(const ByteRange& bytes) const {
    const auto touches = [&bytes](const ByteRange& range) {
      return range.begin < bytes.end && range.end > bytes.begin;
    };
    auto first = std::ranges::upper_bound(ends_, bytes.begin) - ends_.begin();
    auto last = std::ranges::lower_bound(begins_, bytes.end) - begins_.begin();
    while (first < last && !touches(ranges_[first])) ++first;
    while (first < last && !touches(ranges_[last - 1])) --last;
    if (first >= last) return {};
    return {.begin = places_[first], .end = places_[last - 1] + 1};
  }

 private:
  static std::int64_t Larger(std::int64_t a, std::int64_t b) {
    return std::max(a, b);
  }
  static std::int64_t Smaller(std::int64_t a, std::int64_t b) {
    return std::min(a, b);
  }

  // Of each of the text's pieces: its place among all, and its bytes.
  std::vector<std::int64_t> places_;
  std::vector<ByteRange> ranges_;
  // The largest end up to each, and the smallest begin from each on.
  std::vector<std::int64_t> ends_;
  std::vector<std::int64_t> begins_;
};

// The pieces that each of the text's spans touches.
absl::StatusOr<std::vector<PieceSpan>> SpansOfPieces(const TextInput& text,
                                                     const Tokens& tokens,
                                                     int input) {
  std::vector<PieceSpan> spans;
  if (text.spans.empty()) return spans;
  const TextPieces pieces(tokens);
  for (std::size_t i = 0; i < text.spans.size(); ++i) {
    const ByteRange& bytes = text.spans[i];
    const std::string field =
        InputField(input, absl::StrCat(".spans[", i, "]"));
    STRATA_RETURN_IF_ERROR(
        CheckRange(bytes, std::ssize(text.text), "bytes of text", field));
    const PieceSpan span = pieces.Touched(bytes);
    if (span.begin == span.end) {
      return FieldError(
          field, absl::StrCat("bytes [", bytes.begin, ", ", bytes.end,
                              ") touch no piece of the input that is left "
                              "after truncation"));
    }
    spans.push_back(span);
  }
  return spans;
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
  STRATA_ASSIGN_OR_RETURN(sequence.spans, SpansOfPieces(text, tokens, input));
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
