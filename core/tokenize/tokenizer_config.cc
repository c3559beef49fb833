// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/tokenize/tokenizer_config.h"

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "nlohmann/json.hpp"

namespace strata {
namespace {

using Json = nlohmann::json;

// The value of `key`; nullopt where it is absent or null.
absl::StatusOr<std::optional<bool>> ReadBool(const Json& json,
                                             const char* key) {
  const auto entry = json.find(key);
  if (entry == json.end() || entry->is_null()) return std::nullopt;
  if (!entry->is_boolean()) {
    return Error(Reason::kInvalidField,
                 absl::StrCat("\"", key, "\" is of the type ",
                              entry->type_name(), ", not true or false"));
  }
  return entry->get<bool>();
}

}  // namespace

absl::StatusOr<TokenizerConfig> ParseTokenizerConfig(absl::string_view text) {
  const Json json = Json::parse(text.begin(), text.end(), /*cb=*/nullptr,
                                /*allow_exceptions=*/false);
  if (!json.is_object()) {
    return Error(Reason::kInvalidField, "it is not a JSON object");
  }
  TokenizerConfig config;
  STRATA_ASSIGN_OR_RETURN(config.add_begin, ReadBool(json, "add_bos_token"));
  STRATA_ASSIGN_OR_RETURN(config.add_end, ReadBool(json, "add_eos_token"));
  return config;
}

}  // namespace strata
