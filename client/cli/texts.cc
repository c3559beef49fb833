// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/texts.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/cli/byte_source.h"
#include "client/cli/failure.h"
#include "client/cli/line_reader.h"
#include "client/cli/options.h"
#include "client/cli/utf8.h"

namespace strata::cli {
namespace {

absl::StatusOr<std::vector<std::string>> ReadLines(const TextSource& source,
                                                   int standard_input) {
  const auto bytes = OpenLines(source, standard_input);
  if (!bytes.ok()) return bytes.status();
  LineReader reader(**bytes);
  std::vector<Line> lines;
  for (bool more = true; more;) {
    const auto read = reader.ReadMore(lines);
    if (!read.ok()) return read.status();
    more = *read;
  }
  if (lines.empty()) return NoLineError();
  std::vector<std::string> texts;
  texts.reserve(lines.size());
  for (Line& line : lines) texts.push_back(std::move(line.text));
  return texts;
}

absl::Status CheckTexts(bool are_lines, const std::vector<std::string>& texts) {
  for (std::size_t i = 0; i < texts.size(); ++i) {
    absl::Status status =
        CheckUtf8(TextName(are_lines, static_cast<std::int64_t>(i)), texts[i]);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

bool AreLines(const TextSource& source) {
  return !source.file.empty() ||
         (source.texts.size() == 1 && source.texts[0] == "-");
}

absl::Status CheckSource(const TextSource& source) {
  if (!source.file.empty() && !source.texts.empty()) {
    return UsageError(
        "texts were given both as arguments and by --file; give one of them");
  }
  if (AreLines(source)) return absl::OkStatus();
  if (source.texts.empty()) {
    return UsageError(
        "no text was given; add texts as arguments, or - to read them from "
        "standard input");
  }
  return CheckTexts(/*are_lines=*/false, source.texts);
}

absl::StatusOr<std::unique_ptr<ByteSource>> OpenLines(const TextSource& source,
                                                      int standard_input) {
  return OpenBytes(source.file.empty() ? "-" : source.file, standard_input);
}

absl::StatusOr<std::vector<std::string>> ReadTexts(const TextSource& source,
                                                   int standard_input) {
  if (auto status = CheckSource(source); !status.ok()) return status;
  if (!AreLines(source)) return source.texts;
  auto texts = ReadLines(source, standard_input);
  if (!texts.ok()) return texts.status();
  if (auto s = CheckTexts(/*are_lines=*/true, *texts); !s.ok()) return s;
  return texts;
}

absl::Status NoLineError() {
  return UsageError("there is no line to read; give one text on each line");
}

std::string TextName(bool is_line, std::int64_t index) {
  return absl::StrCat(is_line ? "line " : "text ", index + 1);
}

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

}  // namespace strata::cli
