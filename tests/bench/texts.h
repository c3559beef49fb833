// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_BENCH_TEXTS_H_
#define STRATA_TESTS_BENCH_TEXTS_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace strata::bench {

// A text of a workload, and what the model's tokenizer makes of it.
struct Text {
  std::string text;
  std::vector<std::int64_t> ids;

  int pieces() const { return static_cast<int>(ids.size()); }
};

// Reads a file of one JSON object a line, {"text": "...", "ids": [1, 2]}, as
// workload.py writes it. Error: INVALID_ARGUMENT naming the file and the line,
// also for a text without ids and for a file without texts.
absl::StatusOr<std::vector<Text>> ReadTexts(const std::filesystem::path& file);

}  // namespace strata::bench

#endif  // STRATA_TESTS_BENCH_TEXTS_H_
