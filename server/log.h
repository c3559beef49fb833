// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_LOG_H_
#define STRATA_SERVER_LOG_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace strata {

enum class Severity : std::uint8_t { kInfo, kWarning, kError };

enum class LogFormat : std::uint8_t { kText, kJson };

// A fact about an event, as {"model", "minilm"}.
struct LogField {
  LogField(absl::string_view field_key, std::string field_value)
      : key(field_key), value(std::move(field_value)) {}

  absl::string_view key;
  std::string value;
};

// One line of key=value text, without the line's end. Values that hold spaces,
// quotes, '=' or control characters are quoted and escaped, so that a line
// stays a line.
//
//   time=2026-01-02T03:04:05.678Z level=info event=model_ready model=minilm
std::string FormatLogLine(absl::Time time, Severity severity,
                          absl::string_view event,
                          const std::vector<LogField>& fields);

// The same as one JSON object; every value is a string. What is not UTF-8 in a
// value is replaced.
//
//   {"time":"2026-01-02T03:04:05.678Z","level":"info","event":"model_ready",...}
std::string FormatJsonLogLine(absl::Time time, Severity severity,
                              absl::string_view event,
                              const std::vector<LogField>& fields);

// How Log writes from now on; text until then. Thread-safe.
void SetLogFormat(LogFormat format);

// Writes a line to standard error. Thread-safe: lines never mix. Fields never
// hold payload: no texts, no pieces, no numbers of a reply.
//
// Never waits long: a line that standard error does not take (its disk is full,
// its reader has gone or does not read) is dropped and counted, and a server
// goes on serving. Where nobody reads, the first line waits a tenth of a second
// and those after it not at all; when lines are taken again, a `lines_dropped`
// line says how many are missing.
void Log(Severity severity, absl::string_view event,
         const std::vector<LogField>& fields);

// Writes `text` and a line's end as they are: the few lines that scripts wait
// for. Thread-safe; as Log where it is not taken.
void Announce(absl::string_view text);

// Lines that standard error has not taken, or not whole, since the start.
// Thread-safe.
std::int64_t DroppedLogLines();

}  // namespace strata

#endif  // STRATA_SERVER_LOG_H_
