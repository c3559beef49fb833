// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/base/cpu_count.h"

#include <sched.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "gtest/gtest.h"

namespace strata {
namespace {

namespace fs = std::filesystem;

// A file tree in a folder of the test's own.
class CpuCountTest : public testing::Test {
 protected:
  CpuCountTest()
      : root_(fs::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(root_);
    fs::create_directories(root_);
    cpu_set_t set;
    CPU_ZERO(&set);
    EXPECT_EQ(sched_getaffinity(0, sizeof(set), &set), 0);
    affinity_ = CPU_COUNT(&set);
  }
  ~CpuCountTest() override { fs::remove_all(root_); }

  void Write(const fs::path& file, const std::string& text) {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }

  fs::path root_;
  int affinity_ = 0;
};

TEST_F(CpuCountTest, IsTheAffinityWhereThereIsNoControlGroup) {
  EXPECT_EQ(AvailableCpus(root_), affinity_);
}

TEST_F(CpuCountTest, OfThisMachineIsBetweenOneAndTheAffinity) {
  EXPECT_GE(AvailableCpus(), 1);
  EXPECT_LE(AvailableCpus(), affinity_);
}

TEST_F(CpuCountTest, ReadsTheQuotaOfVersion2) {
  Write("proc/self/cgroup", "0::/\n");
  Write("sys/fs/cgroup/cpu.max", "100000 100000\n");
  EXPECT_EQ(AvailableCpus(root_), 1);
}

TEST_F(CpuCountTest, RoundsDownButNotToZero) {
  Write("proc/self/cgroup", "0::/\n");
  Write("sys/fs/cgroup/cpu.max", "190000 100000\n");
  EXPECT_EQ(AvailableCpus(root_), 1);
  Write("sys/fs/cgroup/cpu.max", "20000 100000\n");
  EXPECT_EQ(AvailableCpus(root_), 1);
}

TEST_F(CpuCountTest, MaxMeansNoQuota) {
  Write("proc/self/cgroup", "0::/\n");
  Write("sys/fs/cgroup/cpu.max", "max 100000\n");
  EXPECT_EQ(AvailableCpus(root_), affinity_);
}

TEST_F(CpuCountTest, AQuotaAboveTheAffinityDoesNotRaiseIt) {
  Write("proc/self/cgroup", "0::/\n");
  Write("sys/fs/cgroup/cpu.max", "99900000 100000\n");
  EXPECT_EQ(AvailableCpus(root_), affinity_);
}

TEST_F(CpuCountTest, TakesTheLeastOfTheGroupsAbove) {
  Write("proc/self/cgroup", "0::/kubepods/pod7/main\n");
  Write("sys/fs/cgroup/kubepods/pod7/main/cpu.max", "max 100000\n");
  Write("sys/fs/cgroup/kubepods/pod7/cpu.max", "100000 100000\n");
  Write("sys/fs/cgroup/kubepods/cpu.max", "6400000 100000\n");
  EXPECT_EQ(AvailableCpus(root_), 1);
}

TEST_F(CpuCountTest, ReadsTheQuotaOfVersion1) {
  Write("proc/self/cgroup", "5:memory:/a\n4:cpu,cpuacct:/docker/a\n0::/\n");
  Write("sys/fs/cgroup/cpu,cpuacct/docker/a/cpu.cfs_quota_us", "100000\n");
  Write("sys/fs/cgroup/cpu,cpuacct/docker/a/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(AvailableCpus(root_), 1);
}

// Inside a container the path in /proc is the host's, and the mount is the
// container's own group.
TEST_F(CpuCountTest, ReadsTheMountWhereThePathIsTheHosts) {
  Write("proc/self/cgroup", "1:cpu:/docker/of-the-host\n");
  Write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "100000\n");
  Write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(AvailableCpus(root_), 1);
}

TEST_F(CpuCountTest, MinusOneMeansNoQuotaInVersion1) {
  Write("proc/self/cgroup", "1:cpu:/\n");
  Write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  Write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(AvailableCpus(root_), affinity_);
}

TEST_F(CpuCountTest, IgnoresWhatItCannotRead) {
  Write("proc/self/cgroup", "nonsense\n0::/\n");
  Write("sys/fs/cgroup/cpu.max", "many often\n");
  EXPECT_EQ(AvailableCpus(root_), affinity_);
}

}  // namespace
}  // namespace strata
