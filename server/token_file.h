// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_TOKEN_FILE_H_
#define STRATA_SERVER_TOKEN_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/caller.h"
#include "server/sha256.h"

namespace strata {

// Somebody who may call.
struct TokenEntry {
  // A name for people and for fairness; several tokens may share it, as while
  // one replaces the other.
  std::string subject;
  // Of a token as it is sent.
  Sha256 sha256{};
  Role role = Role::kRead;
  int max_priority = 0;
};

// Reads a list of tokens, which holds their hashes and so no secret:
//
//   [{"subject": "search", "sha256": "<64 digits>", "role": "read"},
//    {"subject": "deploy", "sha256": "<64 digits>", "role": "admin",
//     "max_priority": 5}]
//
// "max_priority" left out: 0 for read, 10 for admin. Error: INVALID_ARGUMENT,
// naming the entry and the key, never what is there: it may be a token that
// was pasted by mistake.
absl::StatusOr<std::vector<TokenEntry>> ParseTokens(absl::string_view text);

}  // namespace strata

#endif  // STRATA_SERVER_TOKEN_FILE_H_
