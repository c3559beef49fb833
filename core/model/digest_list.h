// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_DIGEST_LIST_H_
#define STRATA_CORE_MODEL_DIGEST_LIST_H_

#include <filesystem>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace strata {

// Digests (see DigestModelDirectory) of the models that may be served, as an
// operator lists them: one a line, what else is on the line for people. Empty
// lines, and those that begin with '#', count for nothing.
//
//   # Reviewed in May.
//   sha256:0f43...  minilm/1
using DigestList = std::set<std::string, std::less<>>;

// Error: FAILED_PRECONDITION, reason MODEL_REFUSED, naming the file, where it
// cannot be read or a line begins with anything else.
absl::StatusOr<DigestList> ReadDigestList(const std::filesystem::path& file);

// That `file` lists `digest`. Errors: those of ReadDigestList;
// FAILED_PRECONDITION, reason MODEL_REFUSED, where it does not.
absl::Status CheckListed(absl::string_view digest,
                         const std::filesystem::path& file);

}  // namespace strata

#endif  // STRATA_CORE_MODEL_DIGEST_LIST_H_
