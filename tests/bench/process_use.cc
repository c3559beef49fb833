// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/process_use.h"

#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace strata::bench {
namespace {

double Seconds(clockid_t clock) {
  timespec time = {};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) +
         (static_cast<double>(time.tv_nsec) * 1e-9);
}

// VmHWM of /proc/PID/status, 0 where it is not told.
std::int64_t PeakBytes(pid_t pid) {
  const std::string name = pid == 0 ? "self" : absl::StrCat(pid);
  std::ifstream status(absl::StrCat("/proc/", name, "/status"));
  std::string word;
  while (status >> word) {
    std::int64_t kibibytes = 0;
    if (word == "VmHWM:" && status >> kibibytes) return kibibytes << 10;
  }
  return 0;
}

}  // namespace

absl::StatusOr<ProcessUse> ReadProcessUse(pid_t pid) {
  clockid_t clock = 0;
  if (clock_getcpuclockid(pid, &clock) != 0) {
    return absl::NotFoundError(absl::StrCat("there is no process ", pid));
  }
  return ProcessUse{.cpu_seconds = Seconds(clock),
                    .peak_bytes = PeakBytes(pid)};
}

double OwnCpuSeconds() { return Seconds(CLOCK_PROCESS_CPUTIME_ID); }

}  // namespace strata::bench
