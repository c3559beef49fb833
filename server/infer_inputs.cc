// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/infer_inputs.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/engine/call.h"
#include "server/infer_tensor.h"
#include "triton/grpc_service.pb.h"

namespace strata {
namespace {

constexpr const char* kText = "text";
constexpr const char* kPair = "text_pair";
constexpr const char* kIds = "input_ids";
constexpr const char* kMask = "attention_mask";

using Tensors = std::map<std::string, InferTensor>;

// The tensors by name; an error for one that is not known, or twice there.
absl::StatusOr<Tensors> ByName(inference::ModelInferRequest& request) {
  STRATA_ASSIGN_OR_RETURN(const std::vector<InferTensor> list,
                          InputTensorsOf(request));
  Tensors tensors;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string& name = list[i].name();
    const std::string field = absl::StrCat("inputs[", i, "].name");
    if (name != kText && name != kPair && name != kIds && name != kMask) {
      return FieldError(
          field, absl::StrCat("got '", name, "', expected ", kText, ", ", kPair,
                              ", ", kIds, " or ", kMask));
    }
    if (!tensors.emplace(name, list[i]).second) {
      return FieldError(field, absl::StrCat("'", name, "' is there twice"));
    }
  }
  return tensors;
}

// Errors unless `name`, if it is there, goes with `owner`.
absl::Status CheckGoesWith(const Tensors& tensors, const char* name,
                           const char* owner) {
  if (!tensors.contains(name) || tensors.contains(owner)) {
    return absl::OkStatus();
  }
  return FieldError(name,
                    absl::StrCat("goes with ", owner, ", which is not there"));
}

absl::Status CheckTensors(const Tensors& tensors) {
  STRATA_RETURN_IF_ERROR(CheckGoesWith(tensors, kPair, kText));
  STRATA_RETURN_IF_ERROR(CheckGoesWith(tensors, kMask, kIds));
  if (tensors.contains(kText) == tensors.contains(kIds)) {
    return FieldError(
        "inputs",
        absl::StrCat("expected either ", kText, " or ", kIds, ", got ",
                     tensors.contains(kText) ? "both" : "neither"));
  }
  return absl::OkStatus();
}

// Errors unless a tensor is as long as the one that it goes with.
absl::Status CheckSame(absl::string_view name, absl::string_view dimension,
                       std::int64_t got, absl::string_view owner,
                       std::int64_t expected) {
  if (got == expected) return absl::OkStatus();
  return FieldError(name, absl::StrCat("has ", got, " ", dimension, ", but ",
                                       owner, " has ", expected));
}

absl::StatusOr<std::vector<EncodeInput>> TextInputs(const Tensors& tensors,
                                                    const std::string& prompt,
                                                    std::int64_t max_rows) {
  STRATA_ASSIGN_OR_RETURN(std::vector<std::string> texts,
                          TakeTexts(tensors.at(kText), max_rows));
  std::vector<std::string> pairs(texts.size());
  if (const auto found = tensors.find(kPair); found != tensors.end()) {
    STRATA_ASSIGN_OR_RETURN(pairs, TakeTexts(found->second, max_rows));
    STRATA_RETURN_IF_ERROR(
        CheckSame(kPair, "texts", std::ssize(pairs), kText, std::ssize(texts)));
  }
  std::vector<EncodeInput> inputs;
  inputs.reserve(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    inputs.emplace_back(TextInput{.text = std::move(texts[i]),
                                  .pair = std::move(pairs[i]),
                                  .prompt = prompt});
  }
  return inputs;
}

// How many pieces a row of the mask says that there are.
absl::StatusOr<std::int64_t> PiecesIn(std::span<const std::int64_t> mask,
                                      std::int64_t row) {
  const std::string field = absl::StrCat(kMask, "[", row, "]");
  const auto first_zero = std::ranges::find(mask, 0);
  for (const std::int64_t place : mask) {
    if (place == 0 || place == 1) continue;
    return FieldError(field,
                      absl::StrCat("got ", place, ", expected 0s and 1s"));
  }
  if (std::find(first_zero, mask.end(), 1) != mask.end()) {
    return FieldError(field,
                      "has a 1 after a 0; expected 1 at each piece, then 0 at "
                      "the padding: pad on the right");
  }
  if (first_zero == mask.begin()) {
    return FieldError(field, "is all 0; an input has at least one piece");
  }
  return first_zero - mask.begin();
}

absl::StatusOr<std::vector<EncodeInput>> PieceInputs(const Tensors& tensors,
                                                     std::int64_t max_rows) {
  STRATA_ASSIGN_OR_RETURN(
      const InferMatrix ids,
      TakeMatrix(tensors.at(kIds), /*bools=*/false, max_rows));
  InferMatrix mask;
  const auto found = tensors.find(kMask);
  if (found != tensors.end()) {
    STRATA_ASSIGN_OR_RETURN(
        mask, TakeMatrix(found->second, /*bools=*/true, max_rows));
    STRATA_RETURN_IF_ERROR(CheckSame(kMask, "rows", mask.rows, kIds, ids.rows));
    STRATA_RETURN_IF_ERROR(
        CheckSame(kMask, "columns", mask.columns, kIds, ids.columns));
  }
  std::vector<EncodeInput> inputs;
  inputs.reserve(ids.rows);
  for (std::int64_t row = 0; row < ids.rows; ++row) {
    std::int64_t pieces = ids.columns;
    if (!mask.numbers.empty()) {
      const std::span<const std::int64_t> places(mask.numbers);
      STRATA_ASSIGN_OR_RETURN(
          pieces,
          PiecesIn(places.subspan(row * mask.columns, mask.columns), row));
    }
    const auto begin = ids.numbers.begin() + (row * ids.columns);
    inputs.emplace_back(PieceInput{.ids = {begin, begin + pieces}});
  }
  return inputs;
}

}  // namespace

absl::StatusOr<InferInputs> TakeInferInputs(
    inference::ModelInferRequest& request, const std::string& prompt,
    std::int64_t max_rows) {
  STRATA_ASSIGN_OR_RETURN(const Tensors tensors, ByName(request));
  STRATA_RETURN_IF_ERROR(CheckTensors(tensors));
  if (tensors.contains(kText)) {
    STRATA_ASSIGN_OR_RETURN(auto inputs, TextInputs(tensors, prompt, max_rows));
    return InferInputs{.inputs = std::move(inputs), .tensor = kText};
  }
  if (!prompt.empty()) {
    return FieldError("parameters[prompt]", "goes with text, not with pieces");
  }
  STRATA_ASSIGN_OR_RETURN(auto inputs, PieceInputs(tensors, max_rows));
  return InferInputs{.inputs = std::move(inputs), .tensor = kIds};
}

}  // namespace strata
