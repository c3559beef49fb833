// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/safetensors_file.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "nlohmann/json.hpp"
#include "server/write_at.h"

namespace strata {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kLengthBytes = 8;
// How a header begins that is written here.
constexpr const char* kMetadataKey = "{\"__metadata__\":";
// Of its value, in bytes.
constexpr std::size_t kLongestMetadata = 4096;

absl::Status Failed(int error) {
  const std::string message = absl::StrCat(
      "the file cannot be written: ", std::generic_category().message(error));
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return FullError("the disk of --output-directory is full",
                       absl::Seconds(30));
    case EMFILE:
    case ENFILE:
      return FullError(message, absl::Seconds(1));
    case ENOTDIR:
    case EISDIR:
      return FieldError("file", "leads through a file that is no folder");
    case EFBIG:
      return Error(Reason::kReplyTooLarge, message);
    default:
      return Error(Reason::kInternalDefect, message);
  }
}

// A name that no other file has, of this server or another, or of one that was
// killed.
std::filesystem::path PartialOf(const std::filesystem::path& path) {
  std::random_device random;
  return path.parent_path() / absl::StrCat(".", path.filename().string(), ".",
                                           absl::Hex(random(), absl::kZeroPad8),
                                           absl::Hex(random(), absl::kZeroPad8),
                                           ".partial");
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

// Makes the folders of a path that are not there, to last.
absl::Status MakeFolders(const std::filesystem::path& folder) {
  if (mkdir(folder.c_str(), S_IRWXU | S_IRWXG | S_IRWXO) == 0) {
    return SyncFolder(folder.parent_path());
  }
  if (errno == EEXIST) return absl::OkStatus();
  if (errno != ENOENT || !folder.has_relative_path()) return Failed(errno);
  STRATA_RETURN_IF_ERROR(MakeFolders(folder.parent_path()));
  return MakeFolders(folder);
}

// Moves `from` to `to`, where nothing may be. Error: its errno.
int MoveWithoutReplacing(const std::filesystem::path& from,
                         const std::filesystem::path& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(),
                RENAME_NOREPLACE) == 0) {
    return 0;
  }
  if (errno != EINVAL && errno != ENOSYS) return errno;
  // As on NFS, which has links.
  if (link(from.c_str(), to.c_str()) == 0) {
    unlink(from.c_str());
    return 0;
  }
  if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS) return errno;
  // A file system with neither: a look is all that it allows.
  if (access(to.c_str(), F_OK) == 0) return EEXIST;
  return rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
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
  // ,"...":{"data_offsets":[...],"dtype":"BF16","shape":[...]} of numbers of up
  // to 19 digits.
  constexpr std::size_t kFrame = 64;
  constexpr std::size_t kNumber = 20;
  return name.size() + kFrame + ((dimensions + 2) * kNumber);
}

absl::StatusOr<std::unique_ptr<SafetensorsFile>> SafetensorsFile::Create(
    std::filesystem::path path, std::size_t header_room) {
  // All tensors begin where numbers of any type may.
  constexpr std::int64_t kAlignment = 64;
  const auto room = static_cast<std::int64_t>(header_room) + kLengthBytes;
  const std::int64_t header =
      ((room + kAlignment - 1) / kAlignment * kAlignment) - kLengthBytes;
  STRATA_RETURN_IF_ERROR(MakeFolders(path.parent_path()));
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

absl::Status SafetensorsFile::Write(std::int64_t offset,
                                    std::span<const std::byte> bytes) const {
  const int error = WriteAt(file_, offset, bytes);
  return error == 0 ? absl::OkStatus() : Failed(error);
}

absl::Status SafetensorsFile::Append(const SafetensorsTensor& tensor) {
  Entry entry{.name = tensor.name,
              .dtype = tensor.dtype,
              .shape = tensor.shape,
              .begin = data_bytes_};
  for (const std::span<const std::byte> block : tensor.blocks) {
    STRATA_RETURN_IF_ERROR(
        Write(kLengthBytes + header_bytes_ + data_bytes_, block));
    data_bytes_ += std::ssize(block);
  }
  entry.end = data_bytes_;
  entries_.push_back(std::move(entry));
  return absl::OkStatus();
}

absl::StatusOr<std::string> SafetensorsFile::Header(
    const SafetensorsMetadata& metadata) const {
  std::string header = absl::StrCat(kMetadataKey, Json(metadata).dump());
  for (const Entry& entry : entries_) {
    const Json json = {{"dtype", entry.dtype},
                       {"shape", entry.shape},
                       {"data_offsets", {entry.begin, entry.end}}};
    absl::StrAppend(&header, ",\"", entry.name, "\":", json.dump());
  }
  header += '}';
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
  const int error = MoveWithoutReplacing(partial_, path_);
  if (error == EEXIST) {
    return absl::AlreadyExistsError("a file of that name has come meanwhile");
  }
  if (error != 0) return Failed(error);
  partial_.clear();
  return SyncFolder(path_.parent_path());
}

absl::StatusOr<std::int64_t> SafetensorsFile::Commit(
    const SafetensorsMetadata& metadata) {
  STRATA_ASSIGN_OR_RETURN(const std::string header, Header(metadata));
  const std::string front = absl::StrCat(LengthOf(header_bytes_), header);
  STRATA_RETURN_IF_ERROR(Write(0, std::as_bytes(std::span(front))));
  if (fdatasync(file_) != 0) return Failed(errno);
  STRATA_RETURN_IF_ERROR(GiveName());
  return kLengthBytes + header_bytes_ + data_bytes_;
}

absl::StatusOr<std::pair<SafetensorsMetadata, std::int64_t>>
ReadSafetensorsMetadata(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::symlink_status(path, error);
  if (status.type() == std::filesystem::file_type::not_found &&
      error.value() != ENOTDIR) {
    return absl::NotFoundError("");
  }
  absl::Status other =
      absl::FailedPreconditionError("it is no file that a server wrote");
  if (!std::filesystem::is_regular_file(status)) return other;
  std::ifstream file(path, std::ios::binary);
  std::string head(kLengthBytes + std::strlen(kMetadataKey) + kLongestMetadata,
                   '\0');
  file.read(head.data(), std::ssize(head));
  head.resize(file.gcount());
  absl::string_view text = head;
  text.remove_prefix(std::min<std::size_t>(text.size(), kLengthBytes));
  if (!absl::ConsumePrefix(&text, kMetadataKey)) return other;
  // An object of strings: the first brace that is in none of them ends it.
  std::size_t end = 0;
  for (bool quoted = false; end < text.size() && (quoted || text[end] != '}');
       ++end) {
    if (quoted && text[end] == '\\') {
      ++end;
    } else if (text[end] == '"') {
      quoted = !quoted;
    }
  }
  const Json json = Json::parse(text.substr(0, end + 1), nullptr,
                                /*allow_exceptions=*/false);
  if (!json.is_object()) return other;
  SafetensorsMetadata metadata;
  for (const auto& [key, value] : json.items()) {
    if (value.is_string()) metadata[key] = value.get<std::string>();
  }
  const auto bytes =
      static_cast<std::int64_t>(std::filesystem::file_size(path, error));
  if (error) return other;
  return std::pair(std::move(metadata), bytes);
}

}  // namespace strata
