// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_CALLER_H_
#define STRATA_SERVER_CALLER_H_

#include <cstdint>
#include <limits>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "core/engine/call.h"

namespace strata {

// What a caller may do; each role may do what those before it may.
enum class Role : std::uint8_t { kRead, kAdmin };

absl::string_view RoleName(Role role);

// What is known of who makes a call.
struct Caller {
  // "token:NAME", "certificate:NAME" or "forwarded:NAME", by what vouches for
  // the name, so that names of different origin never meet. Empty: nobody in
  // particular.
  std::string identity;
  // Of a caller who was not asked for a token: all that the operator's flags
  // allow.
  Role role = Role::kAdmin;
  // What is above it counts as this.
  int max_priority = std::numeric_limits<int>::max();

  friend bool operator==(const Caller&, const Caller&) = default;
};

// Error: NOT_ALLOWED, unless the caller has the role, or a higher one, that
// `what` needs.
absl::Status CheckRole(const Caller& caller, Role needed,
                       absl::string_view what);

// Writes into a call who makes it, and caps its priority.
void SetCaller(const Caller& caller, EncodeCall& call);

}  // namespace strata

#endif  // STRATA_SERVER_CALLER_H_
