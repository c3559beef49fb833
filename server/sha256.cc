// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/sha256.h"

#include "absl/strings/string_view.h"
#include "openssl/evp.h"

namespace strata {

Sha256 HashOf(absl::string_view bytes) {
  Sha256 hash{};
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), hash.data(), &size, EVP_sha256(),
                 nullptr) != 1) {
    hash.fill(0);
  }
  return hash;
}

}  // namespace strata
