// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_BENCH_TALLY_H_
#define STRATA_TESTS_BENCH_TALLY_H_

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

namespace strata::bench {

using Json = nlohmann::ordered_json;

// The least value that at least `share` of `sorted` are no greater than, by
// nearest rank; 0 of none.
double Percentile(std::span<const double> sorted, double share);

// What is written of latencies, in milliseconds: how many, p50, p90, p99, p99.9
// and the longest.
Json LatencyJson(std::vector<double> seconds);

// One request that has ended.
struct Ended {
  // From when it was to be sent to its answer.
  double seconds = 0;
  // "OK", or the code's name; "SHORT_ANSWER" where numbers are missing.
  std::string outcome;
  int texts = 0;
  std::int64_t pieces = 0;
  // Pieces of its longest text.
  int longest = 0;
  std::int64_t bytes = 0;
};

// Counts requests that have ended. Not thread-safe.
class Tally {
 public:
  // `classes`: the most pieces of each length class, ascending; a longer text
  // is of the last.
  explicit Tally(std::vector<int> classes);

  void Count(const Ended& ended);

  // All of it; rates are for `seconds`.
  Json ToJson(double seconds) const;

 private:
  std::vector<int> classes_;
  std::vector<std::vector<double>> class_seconds_;
  std::vector<double> seconds_;
  std::map<std::string, int> failures_;
  std::int64_t texts_ = 0;
  std::int64_t pieces_ = 0;
  std::int64_t bytes_ = 0;
};

}  // namespace strata::bench

#endif  // STRATA_TESTS_BENCH_TALLY_H_
