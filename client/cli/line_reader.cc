// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/line_reader.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/cli/byte_source.h"
#include "client/cli/failure.h"

namespace strata::cli {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{64} << 10U;

}  // namespace

LineReader::LineReader(ByteSource& bytes, std::size_t most_line_bytes)
    : bytes_(bytes), most_line_bytes_(most_line_bytes), buffer_(kBufferBytes) {}

absl::StatusOr<bool> LineReader::ReadMore(std::vector<Line>& lines) {
  const auto count = bytes_.Read(buffer_);
  if (!count.ok()) {
    return Error(absl::StrCat("cannot be read: ", count.status().message()));
  }
  absl::string_view left(buffer_.data(), *count);
  while (!left.empty()) {
    const std::size_t feed = left.find('\n');
    const absl::string_view part = left.substr(0, feed);
    if (text_.size() + part.size() > most_line_bytes_) {
      return Error(absl::StrCat("has more than ", most_line_bytes_,
                                " bytes; give one text on each line"));
    }
    absl::StrAppend(&text_, part);
    end_ += static_cast<std::int64_t>(part.size());
    left.remove_prefix(part.size());
    if (left.empty()) break;
    left.remove_prefix(1);
    ++end_;
    Complete(lines);
  }
  if (*count == 0 && !text_.empty()) Complete(lines);
  return *count > 0;
}

void LineReader::Complete(std::vector<Line>& lines) {
  if (!text_.empty() && text_.back() == '\r') text_.pop_back();
  lines.push_back(
      {.index = index_++, .text = std::exchange(text_, {}), .end = end_});
}

absl::Status LineReader::Error(absl::string_view what) const {
  return UsageError(
      absl::StrCat("line ", index_ + 1, " of ", bytes_.name(), " ", what));
}

}  // namespace strata::cli
