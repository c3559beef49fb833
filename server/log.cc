// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/log.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"

namespace strata {
namespace {

std::atomic<LogFormat> log_format = LogFormat::kText;
std::atomic<std::int64_t> dropped_lines = 0;

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

// Standard error, written to without ever waiting long for it. Not stdio's:
// that waits for a pipe that nobody reads for as long as nobody does. Not made
// non-blocking either: the terminal or pipe may be that of other processes too.
class StandardError {
 public:
  // Writes a line; after the first that is taken, `missing`, which is given how
  // many were not since the last one that was.
  void Write(absl::string_view text,
             absl::FunctionRef<std::string(std::int64_t)> missing)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    const MutexLock lock(mutex_);
    if (!WriteLine(text) || untold_ == 0) return;
    const std::int64_t count = untold_;
    if (WriteLine(missing(count))) untold_ = 0;
  }

 private:
  // Whether the line was taken.
  bool WriteLine(absl::string_view text) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    // What is left of a line that was cut ends here.
    const std::string line = absl::StrCat(torn_ ? "\n" : "", text, "\n");
    const absl::string_view rest = WriteSome(line);
    if (rest.empty()) {
      torn_ = stalled_ = false;
      return true;
    }
    if (rest.size() < line.size()) torn_ = true;
    stalled_ = true;
    ++untold_;
    dropped_lines.fetch_add(1);
    return false;
  }

  // Returns what was not taken.
  absl::string_view WriteSome(absl::string_view text)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    constexpr int kPatienceMilliseconds = 100;
    while (!text.empty()) {
      pollfd ready{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
      const int found = poll(&ready, 1, stalled_ ? 0 : kPatienceMilliseconds);
      if (found < 0 && errno == EINTR) continue;
      if (found <= 0) break;
      // A pipe that is ready takes as much as this without waiting.
      const auto written = write(STDERR_FILENO, text.data(),
                                 std::min<std::size_t>(text.size(), PIPE_BUF));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) break;
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    return text;
  }

  Mutex mutex_;
  // The last line was not taken: nobody waits for the next.
  bool stalled_ ABSL_GUARDED_BY(mutex_) = false;
  // Of a line that was not taken, a part was.
  bool torn_ ABSL_GUARDED_BY(mutex_) = false;
  // Lines that were not taken, and not told of since.
  std::int64_t untold_ ABSL_GUARDED_BY(mutex_) = 0;
};

StandardError& TheStandardError() {
  static StandardError standard_error;
  return standard_error;
}

std::string LogLine(Severity severity, absl::string_view event,
                    const std::vector<LogField>& fields) {
  const bool json = log_format == LogFormat::kJson;
  return (json ? FormatJsonLogLine : FormatLogLine)(absl::Now(), severity,
                                                    event, fields);
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
  Announce(LogLine(severity, event, fields));
}

void Announce(absl::string_view text) {
  TheStandardError().Write(text, [](std::int64_t count) {
    return LogLine(Severity::kWarning, "lines_dropped",
                   {{"count", absl::StrCat(count)}});
  });
}

std::int64_t DroppedLogLines() { return dropped_lines; }

}  // namespace strata
