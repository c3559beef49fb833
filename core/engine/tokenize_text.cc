// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/engine/tokenize_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/engine/call.h"
#include "core/engine/cut.h"
#include "core/engine/input_field.h"
#include "core/model/model.h"
#include "core/tokenize/tokenizer.h"

namespace strata {
namespace {

// The text of the model's prompt `name`; "" of none. An unknown name is not
// repeated: callers mistake the field for the prompt itself, which is payload.
absl::StatusOr<absl::string_view> FindPrompt(const Model& model,
                                             const std::string& name,
                                             int input) {
  if (name.empty()) return "";
  const auto found = model.prompts.find(name);
  if (found != model.prompts.end()) return found->second;
  const std::string known = absl::StrJoin(
      model.prompts, ", ", [](std::string* out, const auto& prompt) {
        absl::StrAppend(out, "\"", prompt.first, "\"");
      });
  return FieldError(
      InputField(input, ".prompt"),
      absl::StrCat("no prompt of the model has this name; it has: ",
                   known.empty() ? "none" : known));
}

absl::StatusOr<Tokens> Split(const Tokenizer& tokenizer, absl::string_view text,
                             const Tokenizer::EncodeOptions& options,
                             int input) {
  auto tokens = tokenizer.Encode(text, options);
  if (ReasonOf(tokens.status()) == Reason::kInvalidField) {
    // Of a pair it may be either text.
    return FieldError(InputField(input, options.pair.empty() ? ".text" : ""),
                      tokens.status().message());
  }
  if (ReasonOf(tokens.status()) == Reason::kNotSupportedByModel) {
    return Error(Reason::kNotSupportedByModel,
                 absl::StrCat(InputField(input, ".text_pair: "),
                              tokens.status().message()));
  }
  return tokens;
}

// Counts the ranges of a text's pieces from the end of its prompt.
void LeavePromptOut(std::int64_t prompt_bytes, Tokens& tokens) {
  for (std::size_t i = 0; i < tokens.ranges.size(); ++i) {
    if (tokens.origins[i] == PieceOrigin::kPair) continue;
    ByteRange& range = tokens.ranges[i];
    range.begin = std::max<std::int64_t>(0, range.begin - prompt_bytes);
    range.end = std::max<std::int64_t>(0, range.end - prompt_bytes);
  }
}

}  // namespace

absl::StatusOr<TokenizedText> TokenizeText(
    const TextInput& text, const Model& model, bool add_special_pieces,
    const std::optional<PieceLimit>& limit, int input) {
  STRATA_ASSIGN_OR_RETURN(const absl::string_view prompt,
                          FindPrompt(model, text.prompt, input));
  const Tokenizer::EncodeOptions options = {
      .add_special_pieces = add_special_pieces, .pair = text.pair};
  TokenizedText tokenized;
  if (prompt.empty()) {
    STRATA_ASSIGN_OR_RETURN(tokenized.tokens,
                            Split(*model.tokenizer, text.text, options, input));
  } else {
    STRATA_ASSIGN_OR_RETURN(
        tokenized.tokens,
        Split(*model.tokenizer, absl::StrCat(prompt, text.text), options,
              input));
    LeavePromptOut(std::ssize(prompt), tokenized.tokens);
  }
  if (limit.has_value()) {
    STRATA_ASSIGN_OR_RETURN(tokenized.truncated_pieces,
                            CutTokens(limit->max_pieces, limit->truncation,
                                      input, tokenized.tokens));
  }
  return tokenized;
}

}  // namespace strata
