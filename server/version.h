// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_VERSION_H_
#define STRATA_SERVER_VERSION_H_

#include "absl/strings/string_view.h"

namespace strata {

// Version of this build, as "0.1.0".
absl::string_view Version();

}  // namespace strata

#endif  // STRATA_SERVER_VERSION_H_
