// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/tokenize/tokenizer_config.h"

#include <optional>
#include <string>

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

// The value of `key`, which is `expected`; nullopt where it is absent or null.
template <typename Value>
absl::StatusOr<std::optional<Value>> Read(const Json& json, const char* key,
                                          bool (Json::*is_right)() const,
                                          absl::string_view expected) {
  const auto entry = json.find(key);
  if (entry == json.end() || entry->is_null()) return std::nullopt;
  if (!((*entry).*is_right)()) {
    return Error(Reason::kInvalidField,
                 absl::StrCat("\"", key, "\" is of the type ",
                              entry->type_name(), ", not ", expected));
  }
  return entry->get<Value>();
}

absl::StatusOr<std::optional<bool>> ReadBool(const Json& json,
                                             const char* key) {
  return Read<bool>(json, key, &Json::is_boolean, "true or false");
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
  STRATA_ASSIGN_OR_RETURN(
      const auto tokenizer_class,
      Read<std::string>(json, "tokenizer_class", &Json::is_string, "a string"));
  config.tokenizer_class = tokenizer_class.value_or("");
  return config;
}

}  // namespace strata
