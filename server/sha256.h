// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_SHA256_H_
#define STRATA_SERVER_SHA256_H_

#include <array>

#include "absl/strings/string_view.h"

namespace strata {

using Sha256 = std::array<unsigned char, 32>;

// The SHA-256 of bytes; all zeros, which is no known hash, where OpenSSL fails.
Sha256 HashOf(absl::string_view bytes);

}  // namespace strata

#endif  // STRATA_SERVER_SHA256_H_
