// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_SAFETENSORS_FILE_H_
#define STRATA_SERVER_SAFETENSORS_FILE_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace strata {

// What a safetensors file says of itself beside its tensors.
using SafetensorsMetadata = std::map<std::string, std::string>;

// A tensor of one, little-endian, row-major.
struct SafetensorsTensor {
  std::string name;
  // "F32", "F16", "BF16", "I64" or "U8".
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::vector<std::span<const std::byte>> blocks;
};

// Writes a safetensors file, tensor after tensor, as they come. Its header,
// which is in front of them and says where each lies, is written at the end,
// into room that was left for it and is filled up with spaces, as the format
// allows (https://github.com/huggingface/safetensors#format). The metadata come
// first in it.
//
// Until Commit the file has another name, which begins with "." and ends in
// ".partial"; without Commit it is removed. Thread-compatible.
//
// Errors: SERVER_FULL where the disk is full, or no descriptor left;
// INVALID_FIELD, naming "file", where its path leads through a file;
// REPLY_TOO_LARGE for more than the file system takes; INTERNAL_DEFECT for
// whatever else keeps it from being written.
class SafetensorsFile {
 public:
  // Bytes of a header; readers refuse what is above 100 MB.
  static constexpr std::size_t kLongestHeader = 64'000'000;

  // Room that a tensor's entry in the header takes at most, of so many
  // dimensions. `name`: of letters, digits and signs that JSON has as they are.
  static std::size_t HeaderRoom(absl::string_view name, std::size_t dimensions);

  // `path` has a folder, which is made. `header_room`: of all tensors and the
  // metadata; at most kLongestHeader.
  static absl::StatusOr<std::unique_ptr<SafetensorsFile>> Create(
      std::filesystem::path path, std::size_t header_room);
  ~SafetensorsFile();
  SafetensorsFile(const SafetensorsFile&) = delete;
  SafetensorsFile& operator=(const SafetensorsFile&) = delete;

  absl::Status Append(const SafetensorsTensor& tensor);

  // Bytes by which the next tensor would lie beside a place where numbers of 8
  // bytes may begin: readers look at the bytes as numbers where they lie.
  [[nodiscard]] std::int64_t misalignment() const { return data_bytes_ % 8; }

  // Writes the header, waits until all is on the disk and gives the file its
  // name. Returns its size in bytes. Error, beside those above: ALREADY_EXISTS
  // where a file of that name has come meanwhile, which stays.
  absl::StatusOr<std::int64_t> Commit(const SafetensorsMetadata& metadata);

 private:
  // Where a tensor lies, from the end of the header, in bytes.
  struct Entry {
    std::string name;
    std::string dtype;
    std::vector<std::int64_t> shape;
    std::int64_t begin = 0;
    std::int64_t end = 0;
  };

  SafetensorsFile(std::filesystem::path path, std::filesystem::path partial,
                  int file, std::int64_t header_bytes)
      : path_(std::move(path)),
        partial_(std::move(partial)),
        file_(file),
        header_bytes_(header_bytes) {}

  absl::Status Write(std::int64_t offset,
                     std::span<const std::byte> bytes) const;
  absl::StatusOr<std::string> Header(const SafetensorsMetadata& metadata) const;
  absl::Status GiveName();

  const std::filesystem::path path_;
  // Empty: it has its name.
  std::filesystem::path partial_;
  const int file_;
  // Of the header with its room, its length's 8 bytes not included.
  const std::int64_t header_bytes_;
  std::int64_t data_bytes_ = 0;
  std::vector<Entry> entries_;
};

// What a file that SafetensorsFile wrote at `path` says of itself, and its size
// in bytes; reads no more of it than that. NOT_FOUND: there is nothing.
// FAILED_PRECONDITION: there is something else.
absl::StatusOr<std::pair<SafetensorsMetadata, std::int64_t>>
ReadSafetensorsMetadata(const std::filesystem::path& path);

}  // namespace strata

#endif  // STRATA_SERVER_SAFETENSORS_FILE_H_
