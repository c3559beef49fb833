// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/check_tokenizer.h"

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/model/report.h"
#include "core/tokenize/tokenizer.h"

namespace strata {
namespace {

// A cuneiform sign: a letter that no normalisation changes, and one that only a
// vocabulary with pieces for all of Unicode has.
constexpr const char* kRareCharacter = "\U00012031";

std::string Describe(const absl::StatusOr<Tokens>& tokens) {
  if (ReasonOf(tokens.status()) == Reason::kInvalidField) {
    return "no piece for it, nor one for unknown ones: texts with such "
           "characters are refused";
  }
  if (!tokens.ok()) {
    return absl::StrCat("that it fails: ", tokens.status().message());
  }
  if (tokens->ids.empty()) {
    return "that it is left out, as if the text did not have it";
  }
  return absl::StrCat(tokens->ids.size(), " for U+12031");
}

}  // namespace

Check CheckUnknownCharacters(const Tokenizer& tokenizer) {
  const auto tokens =
      tokenizer.Encode(kRareCharacter, {.add_special_pieces = false});
  return {.name = "unknown_characters",
          .passed = tokens.ok() && !tokens->ids.empty(),
          .essential = false,
          .expected = "pieces for a character that is not in the vocabulary",
          .found = Describe(tokens)};
}

}  // namespace strata
