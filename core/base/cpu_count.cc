// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/base/cpu_count.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace strata {
namespace {

constexpr double kNoQuota = std::numeric_limits<double>::infinity();

// The first line; empty where the file cannot be read.
std::string FirstLine(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return line;
}

// CPUs that `quota` microseconds of time in each `period` are.
double Cpus(absl::string_view quota, absl::string_view period) {
  double quota_us = 0;
  double period_us = 0;
  if (!absl::SimpleAtod(quota, &quota_us) ||
      !absl::SimpleAtod(period, &period_us) || quota_us <= 0 ||
      period_us <= 0) {
    return kNoQuota;  // "max" in v2, -1 in v1.
  }
  return quota_us / period_us;
}

// The quota that a group itself sets: v2's "QUOTA PERIOD" in one file, or v1's
// two files.
double QuotaOf(const std::filesystem::path& group) {
  const std::vector<std::string> v2 =
      absl::StrSplit(FirstLine(group / "cpu.max"), ' ');
  if (v2.size() == 2) return Cpus(v2[0], v2[1]);
  return Cpus(FirstLine(group / "cpu.cfs_quota_us"),
              FirstLine(group / "cpu.cfs_period_us"));
}

// The least quota of the group `path` under `mount` and of those above it. A
// container may see the host's path in /proc but its own group as the mount,
// so a missing folder is passed over.
double LeastQuota(const std::filesystem::path& mount,
                  std::filesystem::path path) {
  double least = QuotaOf(mount);
  for (path = path.relative_path(); !path.empty(); path = path.parent_path()) {
    least = std::min(least, QuotaOf(mount / path));
  }
  return least;
}

double Quota(const std::filesystem::path& root) {
  const std::filesystem::path mounts = root / "sys/fs/cgroup";
  std::ifstream groups(root / "proc/self/cgroup");
  double least = kNoQuota;
  // "0::/path" is v2; "4:cpu,cpuacct:/path" is v1's CPU controller.
  for (std::string line; std::getline(groups, line);) {
    const std::vector<std::string> parts =
        absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3) continue;
    const std::vector<std::string> controllers = absl::StrSplit(parts[1], ',');
    if (parts[0] == "0") {
      least = std::min(least, LeastQuota(mounts, parts[2]));
    } else if (std::ranges::find(controllers, "cpu") != controllers.end()) {
      // Mounted under the controllers' names, or under "cpu" alone.
      least = std::min({least, LeastQuota(mounts / parts[1], parts[2]),
                        LeastQuota(mounts / "cpu", parts[2])});
    }
  }
  return least;
}

int AffinityCount() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return CPU_COUNT(&set);
}

}  // namespace

int AvailableCpus(const std::filesystem::path& root) {
  const double quota = Quota(root);
  const int cpus = AffinityCount();
  if (quota >= cpus) return cpus;
  return std::max(1, static_cast<int>(std::floor(quota)));
}

}  // namespace strata
