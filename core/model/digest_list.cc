// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/digest_list.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "core/base/error.h"
#include "core/base/read_file.h"
#include "core/base/status_macros.h"

namespace strata {
namespace {

constexpr std::size_t kDigits = 64;

absl::Status Refuse(const std::filesystem::path& file, absl::string_view what) {
  return Error(Reason::kModelRefused, absl::StrCat("the list of digests \"",
                                                   file.string(), "\"", what));
}

bool IsDigest(absl::string_view text) {
  return absl::ConsumePrefix(&text, "sha256:") && text.size() == kDigits &&
         std::ranges::all_of(text, [](char c) {
           return absl::ascii_isdigit(static_cast<unsigned char>(c)) ||
                  (c >= 'a' && c <= 'f');
         });
}

}  // namespace

absl::StatusOr<DigestList> ReadDigestList(const std::filesystem::path& file) {
  const auto text = ReadFile(file);
  if (!text.ok()) {
    return Refuse(file, absl::StrCat(": ", text.status().message()));
  }
  DigestList digests;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line.front() == '#') continue;
    const auto end = std::ranges::find_if(line, absl::ascii_isspace);
    const absl::string_view digest = line.substr(0, end - line.begin());
    if (!IsDigest(digest)) {
      return Refuse(file, absl::StrCat(", line ", number,
                                       ": expected sha256: and ", kDigits,
                                       " digits from 0 to f, as `strata models "
                                       "NAME` prints them"));
    }
    digests.emplace(digest);
  }
  return digests;
}

absl::Status CheckListed(absl::string_view digest,
                         const std::filesystem::path& file) {
  STRATA_ASSIGN_OR_RETURN(const DigestList digests, ReadDigestList(file));
  if (digests.contains(digest)) return absl::OkStatus();
  return Refuse(
      file, absl::StrCat(" does not have this model's digest, ", digest,
                         "; add it if the model's files are to be trusted"));
}

}  // namespace strata
