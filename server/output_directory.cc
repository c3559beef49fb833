// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/output_directory.h"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "core/base/error.h"

namespace strata {
namespace {

constexpr std::size_t kLongestFile = 1024;
// Of one name, so that that of the file while it is written is none too long
// for the file system either.
constexpr std::size_t kLongestName = 128;
constexpr absl::string_view kSuffix = ".safetensors";

bool IsName(absl::string_view text) {
  return !text.empty() && text.size() <= kLongestName && text[0] != '.' &&
         std::ranges::all_of(text, [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                  absl::StrContains("._=-", c);
         });
}

}  // namespace

absl::StatusOr<std::unique_ptr<OutputDirectory>> OutputDirectory::Open(
    std::filesystem::path root) {
  if (root.empty()) return nullptr;
  std::error_code error;
  if (!std::filesystem::is_directory(root, error) ||
      access(root.c_str(), W_OK | X_OK) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("--output-directory ", root.string(),
                     " is no folder that this process may write to"));
  }
  // Not make_unique: the constructor is private.
  return std::unique_ptr<OutputDirectory>(new OutputDirectory(std::move(root)));
}

absl::StatusOr<std::filesystem::path> OutputDirectory::PathOf(
    const std::string& name) const {
  if (name.size() > kLongestFile) {
    return FieldError("file",
                      absl::StrCat("has ", name.size(), " bytes, at most ",
                                   kLongestFile, " are allowed"));
  }
  const std::vector<absl::string_view> names = absl::StrSplit(name, '/');
  if (!std::ranges::all_of(names, IsName) ||
      !absl::EndsWith(name, kSuffix)) {
    return FieldError(
        "file",
        absl::StrCat("expected names of letters, digits, '.', '_', '=' and "
                     "'-', none of which begins with '.' or has more than ",
                     kLongestName,
                     " of them, with '/' between them, the last "
                     "ending in ",
                     kSuffix, ", as corpus/shard-0001.safetensors"));
  }
  return root_ / name;
}

}  // namespace strata
