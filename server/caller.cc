// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/caller.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/error.h"
#include "core/engine/call.h"

namespace strata {

absl::string_view RoleName(Role role) {
  return role == Role::kAdmin ? "admin" : "read";
}

absl::Status CheckRole(const Caller& caller, Role needed,
                       absl::string_view what) {
  if (caller.role >= needed) return absl::OkStatus();
  return Error(Reason::kNotAllowed,
               absl::StrCat(what, " needs the role ", RoleName(needed),
                            ", and the token that was sent has ",
                            RoleName(caller.role), "; send one that has it"));
}

void SetCaller(const Caller& caller, EncodeCall& call) {
  call.client = caller.identity;
  call.priority = std::min(call.priority, caller.max_priority);
}

}  // namespace strata
