// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/output_directory.h"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
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
         text[0] != '-' && std::ranges::all_of(text, [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                  absl::StrContains("._=-", c);
         });
}

}  // namespace

absl::StatusOr<std::unique_ptr<OutputDirectory>> OutputDirectory::Open(
    std::filesystem::path root, std::int64_t max_bytes) {
  if (root.empty()) return nullptr;
  std::error_code error;
  if (!std::filesystem::is_directory(root, error) ||
      access(root.c_str(), W_OK | X_OK) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("--output-directory ", root.string(),
                     " is no folder that this process may write to"));
  }
  // Not make_unique: the constructor is private.
  return std::unique_ptr<OutputDirectory>(
      new OutputDirectory(std::move(root), max_bytes));
}

absl::StatusOr<std::filesystem::path> OutputDirectory::PathOf(
    const std::string& name) const {
  if (name.size() > kLongestFile) {
    return FieldError("file",
                      absl::StrCat("has ", name.size(), " bytes, at most ",
                                   kLongestFile, " are allowed"));
  }
  const std::vector<absl::string_view> names = absl::StrSplit(name, '/');
  // A folder with the ending of a file would keep that from being written.
  const bool is_file = absl::EndsWith(names.back(), kSuffix) &&
                       std::ranges::count_if(names, [](auto part) {
                         return absl::EndsWith(part, kSuffix);
                       }) == 1;
  if (!is_file || !std::ranges::all_of(names, IsName)) {
    return FieldError(
        "file",
        absl::StrCat("expected names of letters, digits, '.', '_', '=' and "
                     "'-', none of which begins with '.' or '-' or has more "
                     "than ",
                     kLongestName,
                     " of them, with '/' between them, the last and no other "
                     "ending in ",
                     kSuffix, ", as corpus/shard-0001.safetensors"));
  }
  return root_ / name;
}

absl::Status OutputDirectory::Look(std::int64_t bytes,
                                   absl::AnyInvocable<void()> look) {
  if (bytes_.fetch_add(bytes) + bytes > max_bytes_) {
    bytes_ -= bytes;
    return FullError(
        "too many requests wait for the disk of --output-directory",
        absl::Seconds(1));
  }
  writers_.Submit([this, bytes, look = std::move(look)]() mutable {
    std::move(look)();
    bytes_ -= bytes;
  });
  return absl::OkStatus();
}

}  // namespace strata
