// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/process_metrics.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "gtest/gtest.h"
#include "prometheus/metric_family.h"

namespace strata {
namespace {

double GaugeOf(const std::string& name) {
  for (const prometheus::MetricFamily& family : ProcessMetrics().Collect()) {
    if (family.name == name) return family.metric.at(0).gauge.value;
  }
  ADD_FAILURE() << "no " << name;
  return 0;
}

TEST(ProcessMetricsTest, CountsDescriptors) {
  const double before = GaugeOf("process_open_fds");
  const int opened = open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(opened, 0);
  EXPECT_EQ(GaugeOf("process_open_fds"), before + 1);
  close(opened);
  EXPECT_EQ(GaugeOf("process_open_fds"), before);
  EXPECT_GT(GaugeOf("process_max_fds"), before);
}

TEST(ProcessMetricsTest, KnowsTheMemory) {
  constexpr double kMebibyte = 1 << 20;
  EXPECT_GT(GaugeOf("process_resident_memory_bytes"), kMebibyte);
}

}  // namespace
}  // namespace strata
