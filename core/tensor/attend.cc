// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/tensor/attend.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

namespace strata {
namespace {

// The bodies are written in the compiler's vectors and inlined into a function
// for each instruction set, of which the best that the processor has is chosen
// once.
#define STRATA_INLINE [[gnu::always_inline]] inline

constexpr std::int64_t kLanes = kKeyBlock;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

using Floats [[gnu::vector_size(kLanes * sizeof(float))]] = float;
using Ints [[gnu::vector_size(kLanes * sizeof(std::int32_t))]] = std::int32_t;

STRATA_INLINE void Load(const float* from, Floats& vector) {
  std::memcpy(&vector, from, sizeof(vector));
}

STRATA_INLINE void Store(const Floats& vector, float* to) {
  std::memcpy(to, &vector, sizeof(vector));
}

// e^x for x <= 0, to 2 units in the last place; 0 below -87.3, where the result
// would be no normal number. Not-a-number stays so. After Cephes' expf
// (S. Moshier, netlib.org/cephes): 2^n times a polynomial on [-ln 2 / 2,
// ln 2 / 2].
STRATA_INLINE void ExpInPlace(Floats& x) {
  constexpr float kLeast = -87.33F;
  constexpr float kLog2E = 1.44269504F;
  // ln 2 in two parts, the first of few bits.
  constexpr float kLn2High = 0.693359375F;
  constexpr float kLn2Low = -2.12194440e-4F;
  // Added to a small number it leaves the nearest integer in the last bits.
  constexpr float kToInteger = 12582912.0F;  // 1.5 * 2^23
  constexpr int kMantissaBits = 23;
  const Ints negligible = x < kLeast;
  const Floats bounded = negligible ? Floats{} + kLeast : x;
  const Floats shifted = (bounded * kLog2E) + kToInteger;
  const Floats n = shifted - kToInteger;
  const Floats r = (bounded - (n * kLn2High)) - (n * kLn2Low);
  Floats y = (r * 1.9875691500e-4F) + 1.3981999507e-3F;
  y = (y * r) + 8.3334519073e-3F;
  y = (y * r) + 4.1665795894e-2F;
  y = (y * r) + 1.6666665459e-1F;
  y = (y * r) + 5.0000001201e-1F;
  y = (y * (r * r)) + r + 1.0F;
  Ints bits;
  Ints exponent;
  std::memcpy(&bits, &y, sizeof(bits));
  std::memcpy(&exponent, &shifted, sizeof(exponent));
  bits += exponent << kMantissaBits;
  std::memcpy(&y, &bits, sizeof(y));
  x = negligible ? Floats{} : y;
}

STRATA_INLINE float Largest(const Floats& vector) {
  std::array<float, kLanes> lanes;
  Store(vector, lanes.data());
  for (std::size_t half = kLanes / 2; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) {
      lanes[i] = std::max(lanes[i], lanes[i + half]);
    }
  }
  return lanes[0];
}

STRATA_INLINE float Sum(const Floats& vector) {
  std::array<float, kLanes> lanes;
  Store(vector, lanes.data());
  for (std::size_t half = kLanes / 2; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  }
  return lanes[0];
}

// Numbers that are summed up in registers: kRows x (kVectors * kLanes).
template <int kRows, int kVectors>
struct Sums {
  Floats at[kRows][kVectors];

  STRATA_INLINE void Clear() {
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 2
      for (int j = 0; j < kVectors; ++j) at[i][j] = Floats{};
    }
  }

  // Adds the product of kRows numbers, one of each of `rows` at `depth`, and
  // kVectors vectors.
  STRATA_INLINE void AddProduct(const float* const (&rows)[kRows],
                                std::int64_t depth,
                                const Floats (&vectors)[kVectors]) {
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      const float number = rows[i][depth];
#pragma GCC unroll 2
      for (int j = 0; j < kVectors; ++j) at[i][j] += number * vectors[j];
    }
  }
};

// A block of queries at work, kRows at a time: those beyond the last are it
// once more.
template <int kRows>
struct Rows {
  const float* queries[kRows];
  const float* mask[kRows];
  float* scores[kRows];
  float share[kRows];
};

// Scores of kVectors blocks of keys from `block` on, with what the mask adds,
// to `at` of each row's scores; what is largest to `largest`.
template <int kRows, int kVectors>
STRATA_INLINE void ScoreBlocks(const Queries& in, const Rows<kRows>& rows,
                               std::int64_t block, std::int64_t at,
                               Floats (&largest)[kRows]) {
  Sums<kRows, kVectors> sums;
  sums.Clear();
  const float* const keys = in.laid_out_keys + (block * kLanes * in.width);
  for (std::int64_t e = 0; e < in.width; ++e) {
    Floats key[kVectors];
#pragma GCC unroll 2
    for (int j = 0; j < kVectors; ++j) {
      Load(keys + (j * kLanes * in.width) + (e * kLanes), key[j]);
    }
    sums.AddProduct(rows.queries, e, key);
  }
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 2
    for (int j = 0; j < kVectors; ++j) {
      Floats added;
      Load(rows.mask[i] + ((block + j) * kLanes), added);
      const Floats score = (sums.at[i][j] * in.scale) + added;
      largest[i] = score > largest[i] ? score : largest[i];
      Store(score, rows.scores[i] + at + (j * kLanes));
    }
  }
}

// All scores.
template <int kRows, int kVectors>
STRATA_INLINE void Score(const Queries& in, const Rows<kRows>& rows,
                         Floats (&largest)[kRows]) {
  std::int64_t at = 0;
  for (const BlockRun& run : in.seen) {
    std::int64_t block = run.first;
    for (; block + kVectors <= run.last; block += kVectors) {
      ScoreBlocks<kRows, kVectors>(in, rows, block, at, largest);
      at += kVectors * kLanes;
    }
    for (; block < run.last; ++block) {
      ScoreBlocks<kRows, 1>(in, rows, block, at, largest);
      at += kLanes;
    }
  }
}

// Makes weights of `count` scores, not yet divided by their sum, which is
// returned.
STRATA_INLINE float WeighScores(float* scores, std::int64_t count,
                                const Floats& largest) {
  const float most = Largest(largest);
  // Nothing is seen; minus itself it would be not-a-number.
  const float base = most == -kInfinity ? 0 : most;
  Floats sums = {};
  for (std::int64_t at = 0; at < count; at += kLanes) {
    Floats weight;
    Load(scores + at, weight);
    weight -= base;
    ExpInPlace(weight);
    sums += weight;
    Store(weight, scores + at);
  }
  return Sum(sums);
}

// The kVectors * kLanes channels from `channel` on of the first `stored` rows.
template <int kRows, int kVectors>
STRATA_INLINE void SumValues(const Queries& in, const Rows<kRows>& rows,
                             std::int64_t first, std::int64_t stored,
                             std::int64_t channel) {
  Sums<kRows, kVectors> sums;
  sums.Clear();
  const float* weights[kRows];
  for (int i = 0; i < kRows; ++i) weights[i] = rows.scores[i];
  std::int64_t at = 0;
  for (const BlockRun& run : in.seen) {
    const std::int64_t begin = run.first * kLanes;
    const std::int64_t end = std::min(run.last * kLanes, in.keys);
    for (std::int64_t key = begin; key < end; ++key) {
      Floats value[kVectors];
#pragma GCC unroll 2
      for (int j = 0; j < kVectors; ++j) {
        Load(in.values.Row(key) + channel + (j * kLanes), value[j]);
      }
      sums.AddProduct(weights, at + key - begin, value);
    }
    at += (run.last - run.first) * kLanes;
  }
  for (std::int64_t i = 0; i < stored; ++i) {
    for (int j = 0; j < kVectors; ++j) {
      Store(sums.at[i][j] * rows.share[i],
            in.output.Row(first + i) + channel + (j * kLanes));
    }
  }
}

// kRows of the queries, from `first` on.
template <int kRows, int kVectors>
STRATA_INLINE void AttendRows(const Queries& in, std::int64_t first,
                              std::int64_t seen, float* scores) {
  const std::int64_t stored = std::min<std::int64_t>(kRows, in.count - first);
  Rows<kRows> rows;
  Floats largest[kRows];
  for (int i = 0; i < kRows; ++i) {
    const std::int64_t query = first + std::min<std::int64_t>(i, stored - 1);
    rows.queries[i] = in.queries.Row(query);
    rows.mask[i] = in.mask.Row(query);
    rows.scores[i] = scores + (i * seen);
    largest[i] = Floats{} - kInfinity;
  }
  Score<kRows, kVectors>(in, rows, largest);
  for (int i = 0; i < kRows; ++i) {
    const float sum = WeighScores(rows.scores[i], seen, largest[i]);
    rows.share[i] = sum == 0 ? 0 : 1 / sum;
  }
  std::int64_t channel = 0;
  for (; channel + (kVectors * kLanes) <= in.width;
       channel += kVectors * kLanes) {
    SumValues<kRows, kVectors>(in, rows, first, stored, channel);
  }
  for (; channel < in.width; channel += kLanes) {
    SumValues<kRows, 1>(in, rows, first, stored, channel);
  }
}

template <int kRows, int kVectors>
STRATA_INLINE void AttendBody(const Queries& in, std::int64_t seen,
                              float* scores) {
  for (std::int64_t first = 0; first < in.count; first += kRows) {
    AttendRows<kRows, kVectors>(in, first, seen, scores);
  }
}

// Marks in `seen`, a byte for each block, those that one query sees; returns
// whether there is any.
STRATA_INLINE bool SeenBody(const float* mask, std::int64_t blocks,
                            std::uint8_t* seen) {
  bool any = false;
  for (std::int64_t i = 0; i < blocks; ++i) {
    Floats added;
    Load(mask + (i * kLanes), added);
    // Not-a-number counts as seen.
    const Ints hidden = added <= kHidden;
    std::array<std::int32_t, kLanes> lanes;
    std::memcpy(lanes.data(), &hidden, sizeof(hidden));
    std::int32_t all_hidden = -1;
    for (const std::int32_t lane : lanes) all_hidden &= lane;
    seen[i] |= static_cast<std::uint8_t>(all_hidden == 0);
    any |= all_hidden == 0;
  }
  return any;
}

#if defined(__x86_64__)
// What fits into the registers: 16 of 8 numbers, 32 of 16.
[[gnu::target("avx2,fma")]] void AttendAvx2(const Queries& in,
                                            std::int64_t seen, float* scores) {
  AttendBody<4, 1>(in, seen, scores);
}

[[gnu::target("avx2,fma")]] bool SeenAvx2(const float* mask,
                                          std::int64_t blocks,
                                          std::uint8_t* seen) {
  return SeenBody(mask, blocks, seen);
}

[[gnu::target("avx512f,avx2,fma")]] void AttendAvx512(const Queries& in,
                                                      std::int64_t seen,
                                                      float* scores) {
  AttendBody<8, 2>(in, seen, scores);
}

[[gnu::target("avx512f,avx2,fma")]] bool SeenAvx512(const float* mask,
                                                    std::int64_t blocks,
                                                    std::uint8_t* seen) {
  return SeenBody(mask, blocks, seen);
}
#endif

std::vector<AttendKernel> FindKernels() {
  std::vector<AttendKernel> kernels;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) {
    kernels.push_back({"AVX-512", AttendAvx512, SeenAvx512});
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    kernels.push_back({"AVX2", AttendAvx2, SeenAvx2});
  }
#endif
  return kernels;
}

}  // namespace

std::span<const AttendKernel> AttendKernels() {
  static const std::vector<AttendKernel> kernels = FindKernels();
  return kernels;
}

std::vector<BlockRun> SeenRuns(const AttendKernel& kernel,
                               HeadRows<const float> mask, std::int64_t queries,
                               std::int64_t blocks) {
  std::vector<std::uint8_t> seen(blocks, 0);
  for (std::int64_t query = 0; query < queries; ++query) {
    if (!kernel.mark_seen(mask.Row(query), blocks, seen.data())) {
      return {{.first = 0, .last = static_cast<std::int32_t>(blocks)}};
    }
  }
  std::vector<BlockRun> runs;
  for (std::int32_t block = 0; block < blocks; ++block) {
    if (seen[block] == 0) continue;
    if (runs.empty() || runs.back().last < block) {
      runs.push_back({.first = block, .last = block});
    }
    runs.back().last = block + 1;
  }
  return runs;
}

void LayOutKeys(HeadRows<const float> keys, std::int64_t count,
                std::int64_t width, std::vector<float>& laid_out) {
  const std::int64_t blocks = (count + kKeyBlock - 1) / kKeyBlock;
  laid_out.resize(blocks * width * kKeyBlock);
  for (std::int64_t block = 0; block < blocks; ++block) {
    float* const to = laid_out.data() + (block * width * kKeyBlock);
    const std::int64_t first = block * kKeyBlock;
    const std::int64_t here = std::min(kKeyBlock, count - first);
    if (here < kKeyBlock) std::fill_n(to, width * kKeyBlock, 0.0F);
    for (std::int64_t i = 0; i < here; ++i) {
      const float* const from = keys.Row(first + i);
      for (std::int64_t e = 0; e < width; ++e) {
        to[(e * kKeyBlock) + i] = from[e];
      }
    }
  }
}

void Attend(const AttendKernel& kernel, const Queries& queries,
            std::vector<float>& scores) {
  std::int64_t seen = 0;
  for (const BlockRun& run : queries.seen) {
    seen += (run.last - run.first) * kKeyBlock;
  }
  const auto needed = static_cast<std::size_t>(seen * kQueryBlock);
  if (scores.size() < needed) scores.resize(needed);
  kernel.attend(queries, seen, scores.data());
}

}  // namespace strata
