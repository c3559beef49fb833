// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/texts.h"

#include <cstddef>
#include <fstream>
#include <istream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/cli/failure.h"
#include "client/cli/options.h"
#include "client/cli/utf8.h"

namespace strata::cli {
namespace {

std::vector<std::string> Lines(std::istream& in) {
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    lines.push_back(line);
  }
  return lines;
}

absl::StatusOr<std::vector<std::string>> FileLines(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<std::string> lines = Lines(file);
  // A folder opens, and then fails.
  if (!file.eof()) {
    return UsageError(absl::StrCat("--file ", path,
                                   " cannot be read; it must be a text file "
                                   "with one text on each line"));
  }
  return lines;
}

}  // namespace

absl::Status CheckUtf8(absl::string_view what, absl::string_view text) {
  const auto invalid = FirstInvalidByte(text);
  if (!invalid.has_value()) return absl::OkStatus();
  return UsageError(absl::StrCat(what, " is not valid UTF-8 from byte ",
                                 *invalid, " on; convert it to UTF-8 first"));
}

absl::Status CheckUtf8(const PieceOptions& options) {
  auto status = CheckUtf8("--prompt", options.prompt);
  return status.ok() ? CheckUtf8("--pair", options.pair) : status;
}

absl::StatusOr<std::vector<std::string>> ReadTexts(const TextSource& source,
                                                   std::istream& in) {
  const bool from_dash = source.texts.size() == 1 && source.texts[0] == "-";
  const bool from_file = from_dash || !source.file.empty();
  if (!source.file.empty() && !source.texts.empty()) {
    return UsageError(
        "texts were given both as arguments and by --file; give one of them");
  }
  std::vector<std::string> texts = source.texts;
  if (from_dash || source.file == "-") {
    texts = Lines(in);
  } else if (from_file) {
    auto lines = FileLines(source.file);
    if (!lines.ok()) return lines.status();
    texts = *std::move(lines);
  }
  if (texts.empty()) {
    return UsageError(
        from_file ? "there is no line to read; give one text on each line"
                  : "no text was given; add texts as arguments, or - to read "
                    "them from standard input");
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string what = absl::StrCat(from_file ? "line " : "text ", i + 1);
    if (auto status = CheckUtf8(what, texts[i]); !status.ok()) return status;
  }
  return texts;
}

}  // namespace strata::cli
