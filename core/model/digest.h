// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_DIGEST_H_
#define STRATA_CORE_MODEL_DIGEST_H_

#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace strata {

// Whether each of the files that DigestModelDirectory reads may be opened: it
// is not there, or is a regular file. Opening a pipe waits for its writer, for
// ever. Error: FAILED_PRECONDITION, reason MODEL_REFUSED.
absl::Status CheckModelFiles(const std::filesystem::path& directory);

// "sha256:" and 64 hexadecimal digits over what decides a model's answers: the
// trace, the tokenizer and strata.json, those that there are. Two directories
// have the same digest if and only if these files are the same.
//
// The hash is over, for each file in a fixed order, its name, a zero byte, its
// length as eight bytes, little-endian, and its content. Error:
// FAILED_PRECONDITION, reason MODEL_REFUSED, for a file that cannot be read.
absl::StatusOr<std::string> DigestModelDirectory(
    const std::filesystem::path& directory);

// Another text whenever one of the same files is written to or replaced: their
// sizes, times and places on the disk. Reads none of them. Pure but for that.
std::string StampModelDirectory(const std::filesystem::path& directory);

}  // namespace strata

#endif  // STRATA_CORE_MODEL_DIGEST_H_
