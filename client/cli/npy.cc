// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/npy.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "client/cli/failure.h"
#include "strata/tensor_view.h"
#include "strata/v1/tensor.pb.h"

namespace strata::cli {
namespace {

// The array begins at a multiple of this, so that it can be mapped.
constexpr std::size_t kAlignment = 64;

std::string Header(absl::string_view descr, const TensorView& view) {
  // A Python tuple: one of a single number needs its comma.
  const std::string shape = absl::StrCat("(", absl::StrJoin(view.shape(), ", "),
                                         view.shape().size() == 1 ? ",)" : ")");
  std::string text =
      absl::StrCat("{'descr': '", descr,
                   "', 'fortran_order': False, 'shape': ", shape, ", }");
  // Magic and version are 8 bytes, the length 2, the line feed 1.
  const std::size_t used = 8 + 2 + text.size() + 1;
  text.append((kAlignment - used % kAlignment) % kAlignment, ' ');
  text.push_back('\n');
  std::string header("\x93NUMPY\x01\x00", 8);
  header.push_back(static_cast<char>(text.size() & 0xFFU));
  header.push_back(static_cast<char>(text.size() >> 8U));
  return absl::StrCat(header, text);
}

// A bfloat16 is the upper half of a binary32.
std::string Widened(absl::string_view bytes) {
  std::string wide;
  wide.reserve(bytes.size() * 2);
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    wide.append(2, '\0');
    absl::StrAppend(&wide, bytes.substr(i, 2));
  }
  return wide;
}

bool IsNumbered(absl::string_view path) {
  return absl::StrContains(path, "%d");
}

bool IsFolder(absl::string_view path) {
  std::error_code ignored;
  return absl::EndsWith(path, "/") ||
         std::filesystem::is_directory(std::string(path), ignored);
}

}  // namespace

absl::StatusOr<std::string> NpyBytes(const v1::Tensor& tensor) {
  const auto view = TensorView::Create(tensor);
  if (!view.ok()) return view.status();
  switch (view->dtype()) {
    case v1::DATA_TYPE_FLOAT16:
      return absl::StrCat(Header("<f2", *view), view->bytes());
    case v1::DATA_TYPE_BFLOAT16:
      return absl::StrCat(Header("<f4", *view), Widened(view->bytes()));
    default:
      return absl::StrCat(Header("<f4", *view), view->bytes());
  }
}

bool NpyPaths::HoldsSeveral(absl::string_view output) {
  return IsNumbered(output) || IsFolder(output);
}

absl::StatusOr<NpyPaths> NpyPaths::Create(absl::string_view output,
                                          bool several, bool out_is_terminal) {
  if (output.empty() && several) {
    return UsageError(
        "--format npy writes one file for each text; add --output with %d in "
        "it, as states-%d.npy, or a folder");
  }
  if (output.empty() && out_is_terminal) {
    return UsageError(
        "--format npy does not write to a terminal; add --output PATH or send "
        "standard output to a file");
  }
  if (several && !HoldsSeveral(output)) {
    return UsageError(absl::StrCat(
        "--output ", output,
        " is one file and there are several texts; put %d in it for the text's "
        "index, or name a folder"));
  }
  return NpyPaths(output);
}

std::string NpyPaths::Of(std::int64_t index) const {
  if (IsNumbered(output_)) {
    return absl::StrReplaceAll(output_, {{"%d", absl::StrCat(index)}});
  }
  if (!IsFolder(output_)) return output_;
  return (std::filesystem::path(output_) / absl::StrCat(index, ".npy"))
      .string();
}

}  // namespace strata::cli
