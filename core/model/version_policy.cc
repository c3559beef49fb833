// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/version_policy.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "core/base/read_file.h"
#include "nlohmann/json.hpp"

namespace strata {
namespace {

using Json = nlohmann::json;
using Mistakes = std::vector<std::string>;

std::optional<std::int64_t> VersionOf(const Json& json) {
  constexpr auto kLargest = std::numeric_limits<std::int64_t>::max();
  if (!json.is_number_unsigned() || json.get<std::uint64_t>() == 0 ||
      json.get<std::uint64_t>() > static_cast<std::uint64_t>(kLargest)) {
    return std::nullopt;
  }
  return json.get<std::int64_t>();
}

bool IsLabel(absl::string_view label) {
  return !label.empty() && std::ranges::all_of(label, [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
  });
}

void ReadVersions(const Json& json, VersionPolicy& policy, Mistakes& mistakes) {
  if (json == "all") {
    policy.served = ServedVersions::kAll;
    return;
  }
  if (json == "newest") {
    policy.served = ServedVersions::kNewest;
    return;
  }
  std::vector<std::int64_t> listed;
  for (const Json& item : json.is_array() ? json : Json::array()) {
    if (const auto version = VersionOf(item)) listed.push_back(*version);
  }
  if (listed.empty() || listed.size() != json.size()) {
    mistakes.emplace_back(
        "\"versions\" is not understood and left out; expected \"all\", "
        "\"newest\" or a list of versions, as [1, 3]");
    return;
  }
  policy.served = ServedVersions::kListed;
  policy.listed = std::move(listed);
}

void ReadLabels(const Json& json, VersionPolicy& policy, Mistakes& mistakes) {
  if (!json.is_object()) {
    mistakes.emplace_back(
        "\"labels\" is not understood and left out; expected versions by "
        "label, as {\"stable\": 1}");
    return;
  }
  for (const auto& [label, value] : json.items()) {
    const auto version = VersionOf(value);
    if (version.has_value() && IsLabel(label)) {
      policy.labels.emplace(label, *version);
      continue;
    }
    mistakes.push_back(absl::StrCat(
        "label \"", absl::CHexEscape(label),
        "\" is left out; expected a name of letters, digits, dots, "
        "underscores and dashes with a version, as \"stable\": 1"));
  }
}

std::string Join(const std::vector<std::int64_t>& versions) {
  return versions.empty() ? "none" : absl::StrJoin(versions, ", ");
}

}  // namespace

VersionPolicy ParseVersionPolicy(absl::string_view text,
                                 ServedVersions otherwise, Mistakes& mistakes) {
  VersionPolicy policy{.served = otherwise, .listed = {}, .labels = {}};
  const Json json = Json::parse(text.begin(), text.end(), /*cb=*/nullptr,
                                /*allow_exceptions=*/false);
  if (!json.is_object()) {
    mistakes.emplace_back(
        "is not a JSON object and left out; expected \"versions\" and "
        "\"labels\" in it");
    return policy;
  }
  for (const auto& [key, value] : json.items()) {
    if (key == "versions") {
      ReadVersions(value, policy, mistakes);
    } else if (key == "labels") {
      ReadLabels(value, policy, mistakes);
    } else {
      mistakes.push_back(absl::StrCat(
          "unknown key \"", absl::CHexEscape(key),
          "\" is left out; expected \"versions\" and \"labels\" (what is "
          "about one version goes into that version's folder)"));
    }
  }
  return policy;
}

VersionPolicy ReadVersionPolicy(const std::filesystem::path& folder,
                                ServedVersions otherwise, Mistakes& mistakes) {
  const std::filesystem::path path = folder / "strata.json";
  if (!IsThere(path)) {
    return {.served = otherwise, .listed = {}, .labels = {}};
  }
  const auto text = ReadFile(path);
  if (!text.ok()) {
    mistakes.push_back(absl::StrCat("is left out: ", text.status().message()));
    return {.served = otherwise, .listed = {}, .labels = {}};
  }
  return ParseVersionPolicy(*text, otherwise, mistakes);
}

std::vector<ServedVersion> ApplyVersionPolicy(
    const VersionPolicy& policy, const std::vector<std::int64_t>& versions,
    Mistakes& mistakes) {
  const auto there = [&versions](std::int64_t version) {
    return std::ranges::binary_search(versions, version);
  };
  std::set<std::int64_t> wanted(policy.listed.begin(), policy.listed.end());
  if (policy.served == ServedVersions::kAll) {
    wanted.insert(versions.begin(), versions.end());
  } else if (policy.served == ServedVersions::kNewest && !versions.empty()) {
    wanted.insert(versions.back());
  }
  for (const std::int64_t version : wanted) {
    if (there(version)) continue;
    mistakes.push_back(
        absl::StrCat("\"versions\" lists ", version,
                     ", which is not there; there are: ", Join(versions)));
  }
  for (const auto& [label, version] : policy.labels) {
    if (there(version)) {
      wanted.insert(version);
      continue;
    }
    mistakes.push_back(absl::StrCat("label \"", label, "\" names version ",
                                    version,
                                    ", which is not there, and is left out; "
                                    "there are: ",
                                    Join(versions)));
  }
  std::vector<ServedVersion> served;
  for (const std::int64_t version : versions) {
    if (!wanted.contains(version)) continue;
    ServedVersion& added = served.emplace_back(ServedVersion{version, {}});
    for (const auto& [label, named] : policy.labels) {
      if (named == version) added.labels.push_back(label);
    }
  }
  return served;
}

}  // namespace strata
