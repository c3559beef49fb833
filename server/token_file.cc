// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/token_file.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/status_macros.h"
#include "core/batch/queue.h"
#include "nlohmann/json.hpp"
#include "server/caller.h"
#include "server/sha256.h"

namespace strata {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLongestSubject = 128;

// That the entry's `key` is not what is expected.
absl::Status Mistake(std::size_t entry, absl::string_view key,
                     absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat(
      "entry ", entry, " (from 0): \"", key, "\": expected ", expected));
}

bool IsSubject(absl::string_view text) {
  return !text.empty() && text.size() <= kLongestSubject &&
         std::ranges::all_of(text, [](char c) {
           return absl::ascii_isgraph(static_cast<unsigned char>(c));
         });
}

absl::StatusOr<std::string> ReadSubject(std::size_t entry, const Json& json) {
  if (json.is_string() && IsSubject(json.get_ref<const std::string&>())) {
    return json.get<std::string>();
  }
  return Mistake(entry, "subject",
                 absl::StrCat("1 to ", kLongestSubject,
                              " printable ASCII characters without spaces"));
}

absl::StatusOr<Sha256> ReadHash(std::size_t entry, const Json& json) {
  const std::string text = json.is_string() ? json.get<std::string>() : "";
  Sha256 hash{};
  if (text.size() != 2 * hash.size() ||
      !std::ranges::all_of(text, absl::ascii_isxdigit)) {
    return Mistake(entry, "sha256",
                   "the 64 hexadecimal digits that `printf %s TOKEN | "
                   "sha256sum` prints");
  }
  std::ranges::copy(absl::HexStringToBytes(text), hash.begin());
  return hash;
}

absl::StatusOr<Role> ReadRole(std::size_t entry, const Json& json) {
  if (json == "read") return Role::kRead;
  if (json == "admin") return Role::kAdmin;
  return Mistake(entry, "role", "\"read\" or \"admin\"");
}

absl::StatusOr<int> ReadPriority(std::size_t entry, const Json& json) {
  if (json.is_number_integer()) {
    const auto value = json.get<std::int64_t>();
    if (value >= -kMostPriority && value <= kMostPriority) {
      return static_cast<int>(value);
    }
  }
  return Mistake(
      entry, "max_priority",
      absl::StrCat("an integer from ", -kMostPriority, " to ", kMostPriority));
}

absl::Status CheckKeys(std::size_t index, const Json& json) {
  constexpr absl::string_view kExpected =
      "an object of \"subject\", \"sha256\", \"role\" and, if need be, "
      "\"max_priority\"";
  const auto known = [](const std::string& key) {
    return key == "subject" || key == "sha256" || key == "role" ||
           key == "max_priority";
  };
  bool good = json.is_object() && json.contains("subject") &&
              json.contains("sha256") && json.contains("role");
  if (good) {
    for (const auto& item : json.items()) good = good && known(item.key());
  }
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("entry ", index, " (from 0): expected ", kExpected));
}

absl::StatusOr<TokenEntry> ReadEntry(std::size_t index, const Json& json) {
  STRATA_RETURN_IF_ERROR(CheckKeys(index, json));
  TokenEntry entry;
  STRATA_ASSIGN_OR_RETURN(entry.subject, ReadSubject(index, json["subject"]));
  STRATA_ASSIGN_OR_RETURN(entry.sha256, ReadHash(index, json["sha256"]));
  STRATA_ASSIGN_OR_RETURN(entry.role, ReadRole(index, json["role"]));
  entry.max_priority = entry.role == Role::kAdmin ? kMostPriority : 0;
  if (json.contains("max_priority")) {
    STRATA_ASSIGN_OR_RETURN(entry.max_priority,
                            ReadPriority(index, json["max_priority"]));
  }
  return entry;
}

}  // namespace

absl::StatusOr<std::vector<TokenEntry>> ParseTokens(absl::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_array() || json.empty()) {
    return absl::InvalidArgumentError(
        "expected a JSON list of at least one token, as [{\"subject\": "
        "\"search\", \"sha256\": \"...\", \"role\": \"read\"}]");
  }
  std::vector<TokenEntry> entries;
  for (const Json& item : json) {
    STRATA_ASSIGN_OR_RETURN(TokenEntry entry, ReadEntry(entries.size(), item));
    if (std::ranges::count(entries, entry.sha256, &TokenEntry::sha256) > 0) {
      return Mistake(entries.size(), "sha256",
                     "another than those before: one token stands for one "
                     "entry");
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace strata
