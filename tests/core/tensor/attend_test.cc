// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/tensor/attend.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <ostream>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace strata {

// For the names of tests.
// NOLINTNEXTLINE(misc-use-internal-linkage): it is found beside its argument.
void PrintTo(const AttendKernel& kernel, std::ostream* out) {
  *out << kernel.instructions;
}

namespace {

using testing::ElementsAre;
using testing::Pair;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kLeast = std::numeric_limits<float>::lowest();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<float> Random(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<float> numbers(count);
  for (float& number : numbers) number = normal(generator);
  return numbers;
}

// One head: queries [count, width], keys and values [keys, width], a mask
// [count, whole blocks of keys].
struct Case {
  Case(std::int64_t count, std::int64_t keys, std::int64_t width)
      : count(count),
        keys(keys),
        width(width),
        blocks((keys + kKeyBlock - 1) / kKeyBlock),
        queries(Random(count * width, 1)),
        key_rows(Random(keys * width, 2)),
        values(Random(keys * width, 3)),
        mask(count * blocks * kKeyBlock, 0) {
    for (std::int64_t i = 0; i < count; ++i) {
      for (std::int64_t key = keys; key < blocks * kKeyBlock; ++key) {
        Added(i, key) = -kInfinity;
      }
    }
  }

  float& Added(std::int64_t query, std::int64_t key) {
    return mask[(query * blocks * kKeyBlock) + key];
  }

  HeadRows<const float> MaskRows() const {
    return {.data = mask.data(), .stride = blocks * kKeyBlock};
  }

  // By `kernel`; what is written beyond the output is noticed.
  std::vector<float> Compute(const AttendKernel& kernel) const {
    constexpr float kUntouched = 77;
    std::vector<float> laid_out(blocks * kKeyBlock * width, kNan);
    LayOutKeys({.data = key_rows.data(), .stride = width}, keys, width,
               laid_out.data());
    std::vector<float> scores;
    std::vector<float> output((count * width) + 1, kUntouched);
    const std::vector<BlockRun> seen =
        SeenRuns(kernel, MaskRows(), count, blocks);
    Attend(kernel,
           {.queries = {.data = queries.data(), .stride = width},
            .count = count,
            .width = width,
            .scale = scale,
            .laid_out_keys = laid_out.data(),
            .values = {.data = values.data(), .stride = width},
            .keys = keys,
            .mask = MaskRows(),
            .seen = seen,
            .output = {.data = output.data(), .stride = width}},
           scores);
    EXPECT_EQ(output.back(), kUntouched);
    output.pop_back();
    return output;
  }

  // In double, key by key.
  std::vector<double> Right() {
    std::vector<double> right(count * width, 0);
    for (std::int64_t i = 0; i < count; ++i) {
      std::vector<double> scores(keys);
      for (std::int64_t key = 0; key < keys; ++key) {
        double product = 0;
        for (std::int64_t e = 0; e < width; ++e) {
          product += static_cast<double>(queries[(i * width) + e]) *
                     key_rows[(key * width) + e];
        }
        scores[key] = (product * scale) + Added(i, key);
      }
      const double most = *std::ranges::max_element(scores);
      double sum = 0;
      for (double& score : scores) sum += score = std::exp(score - most);
      for (std::int64_t key = 0; key < keys; ++key) {
        for (std::int64_t e = 0; e < width; ++e) {
          right[(i * width) + e] +=
              scores[key] / sum * values[(key * width) + e];
        }
      }
    }
    return right;
  }

  std::int64_t count;
  std::int64_t keys;
  std::int64_t width;
  std::int64_t blocks;
  float scale = 0.25F;
  std::vector<float> queries;
  std::vector<float> key_rows;
  std::vector<float> values;
  std::vector<float> mask;
};

void ExpectNear(const std::vector<float>& ours,
                const std::vector<double>& right) {
  ASSERT_EQ(ours.size(), right.size());
  double off = 0;
  double norm = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    off += std::pow(ours[i] - right[i], 2);
    norm += std::pow(right[i], 2);
  }
  EXPECT_LT(std::sqrt(off / norm), 2e-6);
}

// Runs of a case by the first and the last block.
std::vector<std::pair<int, int>> Runs(const AttendKernel& kernel,
                                      const Case& one) {
  std::vector<std::pair<int, int>> runs;
  for (const BlockRun& run :
       SeenRuns(kernel, one.MaskRows(), one.count, one.blocks)) {
    runs.emplace_back(run.first, run.last);
  }
  return runs;
}

std::vector<AttendKernel> Kernels() {
  return {AttendKernels().begin(), AttendKernels().end()};
}

std::string NameOf(const AttendKernel& kernel) {
  std::string name;
  for (const char letter : std::string(kernel.instructions)) {
    if (letter != '-') name += letter;
  }
  return name;
}

class AttendTest : public testing::TestWithParam<AttendKernel> {};

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(AttendTest);
INSTANTIATE_TEST_SUITE_P(Instructions, AttendTest, testing::ValuesIn(Kernels()),
                         [](const auto& info) { return NameOf(info.param); });

class AttendShapeTest
    : public testing::TestWithParam<std::tuple<AttendKernel, int, int, int>> {};

TEST_P(AttendShapeTest, IsExact) {
  const auto& [kernel, count, keys, width] = GetParam();
  Case one(count, keys, width);
  ExpectNear(one.Compute(kernel), one.Right());
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(AttendShapeTest);
INSTANTIATE_TEST_SUITE_P(Shapes, AttendShapeTest,
                         testing::Combine(testing::ValuesIn(Kernels()),
                                          testing::Values(1, 3, 4, 5, 8),
                                          testing::Values(1, 15, 16, 17, 40,
                                                          300),
                                          testing::Values(16, 32, 48, 128)),
                         [](const auto& info) {
                           return absl::StrCat(NameOf(std::get<0>(info.param)),
                                               "_", std::get<1>(info.param),
                                               "x", std::get<2>(info.param),
                                               "x", std::get<3>(info.param));
                         });

TEST_P(AttendTest, AddsTheMask) {
  Case one(8, 70, 32);
  const std::vector<float> added = Random(one.mask.size(), 4);
  for (std::int64_t i = 0; i < one.count; ++i) {
    for (std::int64_t key = 0; key < one.keys; ++key) {
      one.Added(i, key) = 3 * added[(i * one.keys) + key];
    }
  }
  ExpectNear(one.Compute(GetParam()), one.Right());
}

TEST_P(AttendTest, PassesOverBlocksThatAllQueriesDoNotSee) {
  Case one(2, 6 * kKeyBlock, 16);
  for (const float hidden : {kLeast, -kInfinity}) {
    std::ranges::fill(one.mask, hidden);
    one.Added(0, 20) = 0;
    one.Added(1, 20) = 0;
    one.Added(1, 4 * kKeyBlock) = 0;
    one.Added(1, (6 * kKeyBlock) - 1) = 0;
    EXPECT_THAT(Runs(GetParam(), one), ElementsAre(Pair(1, 2), Pair(4, 6)));
    ExpectNear(one.Compute(GetParam()), one.Right());
  }
}

// They are not even read: whatever is there leaves others alone.
TEST_P(AttendTest, WhatIsPassedOverMayBeNoNumber) {
  Case one(8, 3 * kKeyBlock, 32);
  for (std::int64_t i = 0; i < one.count; ++i) {
    for (std::int64_t key = 16; key < 32; ++key) one.Added(i, key) = kLeast;
  }
  const std::vector<double> right = one.Right();
  const std::int64_t block = kKeyBlock * one.width;
  std::fill_n(one.key_rows.begin() + block, block, kNan);
  std::fill_n(one.values.begin() + block, block, kNan);
  ExpectNear(one.Compute(GetParam()), right);
}

// Whatever bits it has: a GPU's not-a-number has all of them set.
TEST_P(AttendTest, WhatIsSeenAndNoNumberShows) {
  for (const std::uint32_t bits :
       {0x7fc00000U, 0x7fc00001U, 0x7fc001ffU, 0x7fffffffU, 0xffffffffU}) {
    Case one(3, 40, 32);
    std::fill_n(one.key_rows.begin() + (5 * one.width), one.width,
                std::bit_cast<float>(bits));
    for (const float number : one.Compute(GetParam())) {
      EXPECT_TRUE(std::isnan(number)) << bits;
    }
  }
}

// A trace that hides by a number that is only small means that number.
TEST_P(AttendTest, ASmallNumberHidesNothing) {
  Case one(2, 40, 16);
  std::ranges::fill(one.mask, -10000.0F);
  for (std::int64_t i = 0; i < one.count; ++i) {
    for (std::int64_t key = 40; key < 48; ++key) {
      one.Added(i, key) = -kInfinity;
    }
  }
  one.Added(0, 3) = 0;
  for (const int query : {0, 1}) one.queries[query * one.width] = 1;
  one.key_rows[35 * one.width] = 3e5F;
  EXPECT_THAT(Runs(GetParam(), one), ElementsAre(Pair(0, 3)));
  ExpectNear(one.Compute(GetParam()), one.Right());
}

// As a softmax of scores to all of which the least float is added does.
TEST_P(AttendTest, AQueryFromWhichAllIsHiddenSeesAllAlike) {
  Case one(2, 40, 16);
  for (std::int64_t key = 0; key < 40; ++key) {
    one.Added(0, key) = kLeast;
    one.Added(1, key) = key < 16 ? 0 : kLeast;
  }
  EXPECT_THAT(Runs(GetParam(), one), ElementsAre(Pair(0, 3)));
  const std::vector<float> output = one.Compute(GetParam());
  double mean = 0;
  for (std::int64_t key = 0; key < 40; ++key) mean += one.values[key * 16];
  EXPECT_NEAR(output[0], mean / 40, 1e-6);
}

TEST_P(AttendTest, MinusInfinityForAllGivesZeros) {
  Case one(1, 40, 16);
  std::ranges::fill(one.mask, -kInfinity);
  for (const float number : one.Compute(GetParam())) EXPECT_EQ(number, 0);
}

TEST_P(AttendTest, TellsScoresApartThatAreFarApart) {
  Case one(1, 20, 16);
  one.scale = 100;
  ExpectNear(one.Compute(GetParam()), one.Right());
}

}  // namespace
}  // namespace strata
