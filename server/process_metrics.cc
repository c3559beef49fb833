// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "prometheus/client_metric.h"
#include "prometheus/metric_family.h"
#include "prometheus/metric_type.h"
#include "server/log.h"

namespace strata {
namespace {

prometheus::MetricFamily Gauge(std::string name, std::string help,
                               double value) {
  prometheus::ClientMetric metric;
  metric.gauge.value = value;
  return {.name = std::move(name),
          .help = std::move(help),
          .type = prometheus::MetricType::Gauge,
          .metric = {std::move(metric)}};
}

prometheus::MetricFamily Counter(std::string name, std::string help,
                                 double value) {
  prometheus::ClientMetric metric;
  metric.counter.value = value;
  return {.name = std::move(name),
          .help = std::move(help),
          .type = prometheus::MetricType::Counter,
          .metric = {std::move(metric)}};
}

// Without the one that it counts with.
double OpenDescriptors() {
  std::error_code failure;
  const std::filesystem::directory_iterator open("/proc/self/fd", failure);
  if (failure) return 0;
  return static_cast<double>(std::distance(begin(open), end(open)) - 1);
}

double MostDescriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  return static_cast<double>(limit.rlim_cur);
}

double ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  std::int64_t all_pages = 0;
  std::int64_t resident_pages = 0;
  file >> all_pages >> resident_pages;
  return static_cast<double>(resident_pages * sysconf(_SC_PAGESIZE));
}

}  // namespace

std::vector<prometheus::MetricFamily> ProcessMetrics::Collect() const {
  return {
      Gauge("process_open_fds", "Open descriptors; a connection is one.",
            OpenDescriptors()),
      Gauge("process_max_fds", "Most descriptors that may be open.",
            MostDescriptors()),
      Gauge("process_resident_memory_bytes", "Memory that the process holds.",
            ResidentBytes()),
      Counter("strata_log_lines_dropped_total",
              "Lines that standard error has not taken.",
              static_cast<double>(DroppedLogLines())),
  };
}

}  // namespace strata
