// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/digest.h"

#include <sys/stat.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/error.h"
#include "core/base/read_file.h"
#include "core/base/status_macros.h"
#include "openssl/evp.h"

namespace strata {
namespace {

constexpr std::array<absl::string_view, 5> kFiles = {
    "model.pt", "strata.json", "tokenizer.json", "tokenizer.model",
    "tokenizer_config.json"};
constexpr std::size_t kChunkBytes = std::size_t{1} << 20;

// SHA-256 of what is added.
class Hasher {
 public:
  Hasher() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    ok_ = context_ != nullptr &&
          EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1;
  }

  void Add(absl::string_view bytes) {
    ok_ = ok_ &&
          EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1;
  }

  absl::StatusOr<std::string> Finish() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    if (!ok_ || EVP_DigestFinal_ex(context_.get(), digest.data(), &size) != 1) {
      return Error(Reason::kInternalDefect,
                   "OpenSSL offers no SHA-256, which digests need; is it "
                   "configured to a provider without it?");
    }
    return absl::BytesToHexString(
        {reinterpret_cast<const char*>(digest.data()), size});
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
  bool ok_ = false;
};

absl::Status CannotRead(const std::filesystem::path& path) {
  return Error(Reason::kModelRefused,
               absl::StrCat("cannot read \"", path.string(),
                            "\", expected a readable file that does not "
                            "change; check its permissions"));
}

absl::Status AddFile(const std::filesystem::path& path, Hasher& hasher) {
  std::error_code error;
  const std::uint64_t length = std::filesystem::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (error || !file.good()) return CannotRead(path);

  std::string header = absl::StrCat(path.filename().string(), "\n");
  header.back() = '\0';
  for (int byte = 0; byte < 8; ++byte) {
    header.push_back(static_cast<char>((length >> (8 * byte)) & 0xFF));
  }
  hasher.Add(header);

  std::vector<char> chunk(kChunkBytes);
  std::uint64_t added = 0;
  while (file.good()) {
    file.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    const auto got = static_cast<std::size_t>(file.gcount());
    hasher.Add({chunk.data(), got});
    added += got;
  }
  if (!file.eof() || added != length) return CannotRead(path);
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckModelFiles(const std::filesystem::path& directory) {
  for (const absl::string_view name : kFiles) {
    const std::filesystem::path path = directory / std::string(name);
    std::error_code error;
    if (!IsThere(path) || std::filesystem::is_regular_file(path, error)) {
      continue;
    }
    return Error(Reason::kModelRefused,
                 absl::StrCat("\"", path.string(),
                              "\" is not a regular file; put the file itself "
                              "there, or a link to it"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> DigestModelDirectory(
    const std::filesystem::path& directory) {
  STRATA_RETURN_IF_ERROR(CheckModelFiles(directory));
  Hasher hasher;
  for (const absl::string_view name : kFiles) {
    const std::filesystem::path path = directory / std::string(name);
    if (!IsThere(path)) continue;
    STRATA_RETURN_IF_ERROR(AddFile(path, hasher));
  }
  STRATA_ASSIGN_OR_RETURN(const std::string hex, hasher.Finish());
  return absl::StrCat("sha256:", hex);
}

std::string StampModelDirectory(const std::filesystem::path& directory) {
  std::string stamp;
  for (const absl::string_view name : kFiles) {
    struct stat file{};
    const std::filesystem::path path = directory / std::string(name);
    if (stat(path.c_str(), &file) != 0) continue;
    absl::StrAppend(&stamp, name, " ", file.st_dev, ":", file.st_ino, " ",
                    file.st_size, " ", file.st_mtim.tv_sec, ".",
                    file.st_mtim.tv_nsec, "\n");
  }
  return stamp;
}

}  // namespace strata
