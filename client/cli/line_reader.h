// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_LINE_READER_H_
#define STRATA_CLIENT_CLI_LINE_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cli/byte_source.h"

namespace strata::cli {

// A text, and where it was.
struct Line {
  // Its place among all, from 0.
  std::int64_t index = 0;
  std::string text;
  // Bytes from the first of the input to the end of this line.
  std::int64_t end = 0;
};

// Takes bytes apart into lines, in bounded memory: a line of more than
// kMostLineBytes is an error, which a file without line feeds would be.
// A carriage return before a line feed is no part of the line; the last line
// needs no line feed. Thread-compatible.
class LineReader {
 public:
  static constexpr std::size_t kMostLineBytes = std::size_t{64} << 20U;

  // `bytes` must outlive it.
  explicit LineReader(ByteSource& bytes,
                      std::size_t most_line_bytes = kMostLineBytes);

  // Reads once, and appends to `lines` those that are complete now: none, one
  // or many. False: these were the last.
  //
  // Errors, a UsageError that names the line: it cannot be read, or is too
  // long. The lines before it have been appended.
  absl::StatusOr<bool> ReadMore(std::vector<Line>& lines);

 private:
  // Appends the line that `text_` holds.
  void Complete(std::vector<Line>& lines);
  absl::Status Error(absl::string_view what) const;

  ByteSource& bytes_;
  const std::size_t most_line_bytes_;
  std::vector<char> buffer_;
  // What has come of the line that is not complete yet.
  std::string text_;
  std::int64_t index_ = 0;
  std::int64_t end_ = 0;
};

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_LINE_READER_H_
