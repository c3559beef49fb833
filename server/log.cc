// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/log.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace strata {
namespace {

std::atomic<LogFormat> log_format = LogFormat::kText;

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

std::string Timestamp(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3SZ", time, absl::UTCTimeZone());
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
  std::string line = absl::StrCat("time=", Timestamp(time),
                                  " level=", Name(severity), " event=", event);
  for (const LogField& field : fields) {
    absl::StrAppend(&line, " ", field.key, "=", Quoted(field.value));
  }
  return line;
}

std::string FormatJsonLogLine(absl::Time time, Severity severity,
                              absl::string_view event,
                              const std::vector<LogField>& fields) {
  using Json = nlohmann::ordered_json;
  Json line = {{"time", Timestamp(time)},
               {"level", std::string(Name(severity))},
               {"event", std::string(event)}};
  for (const LogField& field : fields) {
    line[std::string(field.key)] = field.value;
  }
  constexpr int kOneLine = -1;
  return line.dump(kOneLine, ' ', /*ensure_ascii=*/false,
                   Json::error_handler_t::replace);
}

void SetLogFormat(LogFormat format) { log_format = format; }

void Log(Severity severity, absl::string_view event,
         const std::vector<LogField>& fields) {
  const bool json = log_format == LogFormat::kJson;
  Announce((json ? FormatJsonLogLine : FormatLogLine)(absl::Now(), severity,
                                                      event, fields));
}

void Announce(absl::string_view text) {
  const std::string line = absl::StrCat(text, "\n");
  // One call: stdio locks the stream for it.
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fflush(stderr);
}

}  // namespace strata
