// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/log.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

// 2026-01-02 03:04:05.678 UTC.
const absl::Time kTime = absl::FromUnixMillis(1767323045678);

std::string Line(const std::string& value) {
  const std::string line =
      FormatLogLine(kTime, Severity::kInfo, "event", {{"key", value}});
  const std::string prefix =
      "time=2026-01-02T03:04:05.678Z level=info event=event key=";
  EXPECT_EQ(line.substr(0, prefix.size()), prefix);
  return line.substr(prefix.size());
}

TEST(LogTest, WritesTimeLevelAndEventFirst) {
  EXPECT_EQ(FormatLogLine(kTime, Severity::kWarning, "model_ready",
                          {{"model", "minilm"}, {"version", "3"}}),
            "time=2026-01-02T03:04:05.678Z level=warning event=model_ready "
            "model=minilm version=3");
  EXPECT_EQ(FormatLogLine(kTime, Severity::kError, "stopped", {}),
            "time=2026-01-02T03:04:05.678Z level=error event=stopped");
}

TEST(LogTest, LeavesPlainValuesAlone) {
  EXPECT_EQ(Line("sha256:0a1b"), "sha256:0a1b");
  EXPECT_EQ(Line("caf\xC3\xA9"), "caf\xC3\xA9");
}

TEST(LogTest, QuotesWhatWouldSplitAField) {
  EXPECT_EQ(Line(""), R"("")");
  EXPECT_EQ(Line("two words"), R"("two words")");
  EXPECT_EQ(Line("a=b"), R"("a=b")");
  EXPECT_EQ(Line("say \"hi\""), R"("say \"hi\"")");
}

TEST(LogTest, EscapesWhatWouldSplitALine) {
  EXPECT_EQ(Line("one\ntwo\r"), R"("one\ntwo\r")");
  EXPECT_EQ(Line(std::string("nul\0", 4)), R"("nul\000")");
}

TEST(LogTest, WritesWholeLinesToStandardError) {
  testing::internal::CaptureStderr();
  Announce("listening on 127.0.0.1:1");
  Log(Severity::kInfo, "started", {{"a", "1"}});
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(text.substr(0, 25), "listening on 127.0.0.1:1\n");
  EXPECT_THAT(text, testing::EndsWith("Z level=info event=started a=1\n"));
}

TEST(LogTest, JsonHasTheSameFieldsInTheSameOrder) {
  EXPECT_EQ(FormatJsonLogLine(kTime, Severity::kWarning, "model_ready",
                              {{"model", "minilm"}, {"version", "3"}}),
            R"({"time":"2026-01-02T03:04:05.678Z","level":"warning",)"
            R"("event":"model_ready","model":"minilm","version":"3"})");
}

TEST(LogTest, JsonEscapesWhatWouldEndAValue) {
  EXPECT_THAT(FormatJsonLogLine(kTime, Severity::kInfo, "event",
                                {{"key", "say \"hi\"\n\\\x01"}}),
              testing::EndsWith(R"("key":"say \"hi\"\n\\\u0001"})"));
}

// A line that no JSON parser reads would take the lines about it with it.
TEST(LogTest, JsonReplacesWhatIsNotUtf8) {
  EXPECT_THAT(
      FormatJsonLogLine(kTime, Severity::kInfo, "event", {{"key", "a\xFF"}}),
      testing::EndsWith("\"key\":\"a\xEF\xBF\xBD\"}"));
}

TEST(LogTest, WritesJsonWhenToldTo) {
  SetLogFormat(LogFormat::kJson);
  testing::internal::CaptureStderr();
  Announce("listening on 127.0.0.1:1");
  Log(Severity::kInfo, "started", {{"a", "1"}});
  const std::string text = testing::internal::GetCapturedStderr();
  SetLogFormat(LogFormat::kText);
  EXPECT_EQ(text.substr(0, 25), "listening on 127.0.0.1:1\n");
  EXPECT_THAT(text,
              testing::EndsWith("Z\",\"level\":\"info\",\"event\":\"started\","
                                "\"a\":\"1\"}\n"));
}

// Standard error is something else for a scope.
class StandardErrorIs {
 public:
  explicit StandardErrorIs(int descriptor) : before_(dup(STDERR_FILENO)) {
    dup2(descriptor, STDERR_FILENO);
  }
  ~StandardErrorIs() {
    dup2(before_, STDERR_FILENO);
    close(before_);
  }
  StandardErrorIs(const StandardErrorIs&) = delete;
  StandardErrorIs& operator=(const StandardErrorIs&) = delete;

 private:
  const int before_;
};

// All that a pipe holds.
std::string ReadAll(int descriptor) {
  std::string text;
  std::array<char, 4096> some;
  pollfd ready{.fd = descriptor, .events = POLLIN, .revents = 0};
  while (poll(&ready, 1, 0) > 0) {
    const auto size = read(descriptor, some.data(), some.size());
    if (size <= 0) break;
    text.append(some.data(), static_cast<std::size_t>(size));
  }
  return text;
}

TEST(LogTest, AFullDiskCostsLinesOnly) {
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  const std::int64_t before = DroppedLogLines();
  {
    const StandardErrorIs standard_error(full);
    Announce("one");
    Announce("two");
  }
  close(full);
  EXPECT_EQ(DroppedLogLines(), before + 2);
}

TEST(LogTest, APipeThatNobodyReadsHoldsNobodyUp) {
  std::array<int, 2> ends;
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  const std::int64_t before = DroppedLogLines();
  std::string text;
  {
    const StandardErrorIs standard_error(ends[1]);
    // More than any pipe holds. Would not end if one of them waited.
    const std::string line(10'000, 'x');
    for (int i = 0; i < 1000; ++i) Announce(line);
    EXPECT_GT(DroppedLogLines(), before);
    text = ReadAll(ends[0]);
    Announce("taken again");
    text += ReadAll(ends[0]);
  }
  close(ends[0]);
  close(ends[1]);
  // The line that was cut has an end; what is missing is told.
  EXPECT_THAT(text, testing::HasSubstr("x\ntaken again\n"));
  EXPECT_THAT(text, testing::HasSubstr(
                        absl::StrCat("level=warning event=lines_dropped count=",
                                     DroppedLogLines() - before, "\n")));
}

}  // namespace
}  // namespace strata
