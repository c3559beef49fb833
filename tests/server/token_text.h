// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_SERVER_TOKEN_TEXT_H_
#define STRATA_TESTS_SERVER_TOKEN_TEXT_H_

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/sha256.h"
#include "server/token_file.h"

namespace strata {

// An entry of a file of tokens, for `token` itself; `more` as
// ", \"max_priority\": 3".
inline std::string TokenText(absl::string_view subject, absl::string_view token,
                             absl::string_view role,
                             absl::string_view more = "") {
  const Sha256 hash = HashOf(token);
  return absl::StrCat(
      R"({"subject": ")", subject, R"(", "sha256": ")",
      absl::BytesToHexString(
          {reinterpret_cast<const char*>(hash.data()), hash.size()}),
      R"(", "role": ")", role, "\"", more, "}");
}

}  // namespace strata

#endif  // STRATA_TESTS_SERVER_TOKEN_TEXT_H_
