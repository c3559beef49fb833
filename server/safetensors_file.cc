// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/safetensors_file.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "nlohmann/json.hpp"

namespace strata {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kLengthBytes = 8;
constexpr const char* kMetadata = "__metadata__";

absl::Status Failed(int error) {
  if (error == ENOSPC || error == EDQUOT) {
    return FullError("the disk of --output-directory is full",
                     absl::Seconds(30));
  }
  return Error(Reason::kInternalDefect,
               absl::StrCat("the file cannot be written: ",
                            std::generic_category().message(error)));
}

// A name that no other file of this folder has, of this process or another.
std::filesystem::path PartialOf(const std::filesystem::path& path) {
  static std::atomic<std::uint64_t> count = 0;
  std::array<char, HOST_NAME_MAX + 1> host = {};
  gethostname(host.data(), host.size() - 1);
  return path.parent_path() / absl::StrCat(".", path.filename().string(), ".",
                                           host.data(), ".", getpid(), ".",
                                           ++count, ".partial");
}

// Makes a folder's entries last, a name among them.
absl::Status SyncFolder(const std::filesystem::path& folder) {
  const int file = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return Failed(errno);
  const int error = fsync(file) == 0 ? 0 : errno;
  close(file);
  // Some network file systems do not sync folders.
  return error == 0 || error == EINVAL ? absl::OkStatus() : Failed(error);
}

std::string LengthOf(std::uint64_t header_bytes) {
  std::string bytes(kLengthBytes, '\0');
  for (char& byte : bytes) {
    byte = static_cast<char>(header_bytes & 0xFFU);
    header_bytes >>= 8U;
  }
  return bytes;
}

}  // namespace

std::size_t SafetensorsFile::HeaderRoom(absl::string_view name,
                                        std::size_t dimensions) {
  // "...":{"dtype":"BF16","shape":[...],"data_offsets":[...]}, of numbers of
  // up to 19 digits.
  constexpr std::size_t kFrame = 64;
  constexpr std::size_t kNumber = 20;
  return Json(name).dump().size() + kFrame + ((dimensions + 2) * kNumber);
}

absl::StatusOr<std::unique_ptr<SafetensorsFile>> SafetensorsFile::Create(
    std::filesystem::path path, std::size_t header_room) {
  // All tensors begin where numbers of any type may.
  constexpr std::int64_t kAlignment = 64;
  const auto room = static_cast<std::int64_t>(header_room) + kLengthBytes;
  const std::int64_t header =
      ((room + kAlignment - 1) / kAlignment * kAlignment) - kLengthBytes;
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (error) return Failed(error.value());
  std::filesystem::path partial = PartialOf(path);
  const int file = open(partial.c_str(),
                        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                        S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH);
  if (file < 0) return Failed(errno);
  // Not make_unique: the constructor is private.
  return std::unique_ptr<SafetensorsFile>(
      new SafetensorsFile(std::move(path), std::move(partial), file, header));
}

SafetensorsFile::~SafetensorsFile() {
  close(file_);
  if (!partial_.empty()) unlink(partial_.c_str());
}

absl::Status SafetensorsFile::WriteAt(std::int64_t offset,
                                      absl::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = pwrite(file_, bytes.data(), bytes.size(), offset);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Failed(count < 0 ? errno : ENOSPC);
    offset += count;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return absl::OkStatus();
}

absl::Status SafetensorsFile::Append(const SafetensorsTensor& tensor) {
  Entry entry{.name = tensor.name,
              .dtype = tensor.dtype,
              .shape = tensor.shape,
              .begin = data_bytes_};
  for (const std::span<const std::byte> block : tensor.blocks) {
    STRATA_RETURN_IF_ERROR(
        WriteAt(kLengthBytes + header_bytes_ + data_bytes_,
                {reinterpret_cast<const char*>(block.data()), block.size()}));
    data_bytes_ += std::ssize(block);
  }
  entry.end = data_bytes_;
  entries_.push_back(std::move(entry));
  return absl::OkStatus();
}

absl::StatusOr<std::string> SafetensorsFile::Header(
    const SafetensorsMetadata& metadata) const {
  Json json = Json::object();
  for (const Entry& entry : entries_) {
    json[entry.name] = {{"dtype", entry.dtype},
                        {"shape", entry.shape},
                        {"data_offsets", {entry.begin, entry.end}}};
  }
  json[kMetadata] = metadata;
  std::string header = json.dump();
  if (std::ssize(header) > header_bytes_) {
    return Error(
        Reason::kInternalDefect,
        absl::StrCat("a header of ", header.size(),
                     " bytes, for which there is room of ", header_bytes_));
  }
  header.resize(header_bytes_, ' ');
  return header;
}

absl::Status SafetensorsFile::GiveName() {
  if (renameat2(AT_FDCWD, partial_.c_str(), AT_FDCWD, path_.c_str(),
                RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST) {
      return FieldError("file",
                        "another request has written it meanwhile; name "
                        "another file, or send this again if they are equal");
    }
    // Not every file system can do it without replacing.
    if (errno != EINVAL && errno != ENOSYS) return Failed(errno);
    if (rename(partial_.c_str(), path_.c_str()) != 0) return Failed(errno);
  }
  partial_.clear();
  return SyncFolder(path_.parent_path());
}

absl::StatusOr<std::int64_t> SafetensorsFile::Commit(
    const SafetensorsMetadata& metadata) {
  STRATA_ASSIGN_OR_RETURN(const std::string header, Header(metadata));
  STRATA_RETURN_IF_ERROR(
      WriteAt(0, absl::StrCat(LengthOf(header_bytes_), header)));
  if (fdatasync(file_) != 0) return Failed(errno);
  STRATA_RETURN_IF_ERROR(GiveName());
  return kLengthBytes + header_bytes_ + data_bytes_;
}

absl::StatusOr<std::pair<SafetensorsMetadata, std::int64_t>>
ReadSafetensorsMetadata(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::symlink_status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) {
    return absl::NotFoundError("");
  }
  const absl::Status other =
      absl::FailedPreconditionError("it is no safetensors file");
  if (!std::filesystem::is_regular_file(status)) return other;
  std::ifstream file(path, std::ios::binary);
  std::string length(kLengthBytes, '\0');
  file.read(length.data(), kLengthBytes);
  std::uint64_t header_bytes = 0;
  for (auto byte = length.rbegin(); byte != length.rend(); ++byte) {
    header_bytes = (header_bytes << 8U) | static_cast<unsigned char>(*byte);
  }
  if (!file || header_bytes > SafetensorsFile::kLongestHeader) return other;
  std::string header(header_bytes, '\0');
  file.read(header.data(), static_cast<std::streamsize>(header_bytes));
  const Json json = Json::parse(header, nullptr, /*allow_exceptions=*/false);
  if (!file || !json.is_object()) return other;
  SafetensorsMetadata metadata;
  if (const auto found = json.find(kMetadata); found != json.end()) {
    for (const auto& [key, value] : found->items()) {
      if (value.is_string()) metadata[key] = value.get<std::string>();
    }
  }
  const auto bytes =
      static_cast<std::int64_t>(std::filesystem::file_size(path, error));
  if (error) return other;
  return std::pair(std::move(metadata), bytes);
}

}  // namespace strata
