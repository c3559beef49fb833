// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/version.h"

#include "absl/strings/string_view.h"

namespace strata {

// STRATA_VERSION comes from the build.
absl::string_view Version() { return STRATA_VERSION; }

}  // namespace strata
