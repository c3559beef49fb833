// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/log.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace strata {
namespace {

absl::string_view Name(Severity severity) {
  switch (severity) {
    case Severity::kInfo:
      return "info";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      return "error";
  }
  return "unknown";
}

bool IsPlain(char c) {
  return static_cast<unsigned char>(c) > ' ' && c != '"' && c != '=' &&
         c != '\\' && c != '\x7F';
}

std::string Quoted(absl::string_view value) {
  if (!value.empty() && std::ranges::all_of(value, IsPlain)) {
    return std::string(value);
  }
  return absl::StrCat("\"", absl::Utf8SafeCEscape(value), "\"");
}

}  // namespace

std::string FormatLogLine(absl::Time time, Severity severity,
                          absl::string_view event,
                          const std::vector<LogField>& fields) {
  std::string line = absl::StrCat(
      "time=",
      absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3SZ", time, absl::UTCTimeZone()),
      " level=", Name(severity), " event=", event);
  for (const LogField& field : fields) {
    absl::StrAppend(&line, " ", field.key, "=", Quoted(field.value));
  }
  return line;
}

void Log(Severity severity, absl::string_view event,
         const std::vector<LogField>& fields) {
  Announce(FormatLogLine(absl::Now(), severity, event, fields));
}

void Announce(absl::string_view text) {
  const std::string line = absl::StrCat(text, "\n");
  // One call: stdio locks the stream for it.
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fflush(stderr);
}

}  // namespace strata
