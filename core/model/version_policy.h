// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_VERSION_POLICY_H_
#define STRATA_CORE_MODEL_VERSION_POLICY_H_

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace strata {

// Which of a model's versions are served.
enum class ServedVersions { kAll, kNewest, kListed };

// What the strata.json in a model's folder, beside its versions, says. Every
// key may be left out, and so may the file:
//
//   {"versions": "newest", "labels": {"stable": 1, "canary": 3}}
//
// "versions" is "all", "newest", or a list of versions. A version that a label
// names is served too, whatever "versions" says.
struct VersionPolicy {
  ServedVersions served = ServedVersions::kAll;
  // With kListed.
  std::vector<std::int64_t> listed;
  // Versions by their labels, which hold letters, digits, '.', '_' and '-'.
  std::map<std::string, std::int64_t> labels;
};

// A version that is served, and the labels that name it, in order.
struct ServedVersion {
  std::int64_t version = 0;
  std::vector<std::string> labels;

  friend bool operator==(const ServedVersion&, const ServedVersion&) = default;
};

// A mistake costs no more than what it is about: a damaged file leaves the
// defaults, a damaged key its own default, a label that cannot be understood
// itself. Each is one sentence in `mistakes`. `otherwise`, all or the newest,
// is served where the file does not say.
VersionPolicy ParseVersionPolicy(absl::string_view text,
                                 ServedVersions otherwise,
                                 std::vector<std::string>& mistakes);

// Reads `folder`/strata.json likewise; the default where there is none.
VersionPolicy ReadVersionPolicy(const std::filesystem::path& folder,
                                ServedVersions otherwise,
                                std::vector<std::string>& mistakes);

// What is served of `versions`, which are in order. Listed or labelled versions
// that are not there are mistakes, and nothing else is the worse for them.
std::vector<ServedVersion> ApplyVersionPolicy(
    const VersionPolicy& policy, const std::vector<std::int64_t>& versions,
    std::vector<std::string>& mistakes);

}  // namespace strata

#endif  // STRATA_CORE_MODEL_VERSION_POLICY_H_
