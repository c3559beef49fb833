// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/metrics_text.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace strata::cli {
namespace {

// Takes what is before one of `ends` off `text`.
absl::string_view TakeUntil(absl::string_view& text, absl::string_view ends) {
  const absl::string_view taken = text.substr(0, text.find_first_of(ends));
  text.remove_prefix(taken.size());
  return taken;
}

// Takes "value" with its quotes off `text`; nullopt where there is none.
std::optional<std::string> TakeQuoted(absl::string_view& text) {
  if (!absl::ConsumePrefix(&text, "\"")) return std::nullopt;
  std::string value;
  while (!text.empty() && text[0] != '"') {
    char c = text[0];
    text.remove_prefix(1);
    if (c == '\\' && !text.empty()) {
      c = text[0] == 'n' ? '\n' : text[0];
      text.remove_prefix(1);
    }
    value.push_back(c);
  }
  if (!absl::ConsumePrefix(&text, "\"")) return std::nullopt;
  return value;
}

// Takes {a="b",...} off `line`; false where it is something else.
bool TakeLabels(absl::string_view& line, Sample& sample) {
  if (!absl::ConsumePrefix(&line, "{")) return true;
  while (!absl::ConsumePrefix(&line, "}")) {
    const std::string label(TakeUntil(line, "=}\""));
    if (label.empty() || !absl::ConsumePrefix(&line, "=")) return false;
    auto value = TakeQuoted(line);
    if (!value.has_value()) return false;
    sample.labels[label] = *std::move(value);
    absl::ConsumePrefix(&line, ",");
  }
  return true;
}

std::optional<Sample> ParseLine(absl::string_view line) {
  Sample sample;
  sample.name = std::string(TakeUntil(line, "{ "));
  if (sample.name.empty() || !TakeLabels(line, sample)) return std::nullopt;
  line = absl::StripLeadingAsciiWhitespace(line);
  if (!absl::SimpleAtod(TakeUntil(line, " "), &sample.value)) {
    return std::nullopt;
  }
  return sample;
}

}  // namespace

std::string Sample::Label(const std::string& label) const {
  const auto found = labels.find(label);
  return found == labels.end() ? "" : found->second;
}

absl::StatusOr<std::vector<Sample>> ParseMetrics(absl::string_view text) {
  std::vector<Sample> samples;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line[0] == '#') continue;
    auto sample = ParseLine(line);
    if (!sample.has_value()) {
      return absl::FailedPreconditionError(absl::StrCat(
          "line ", number, " of the answer is none of Prometheus's format"));
    }
    samples.push_back(*std::move(sample));
  }
  return samples;
}

}  // namespace strata::cli
