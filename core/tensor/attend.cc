// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/tensor/attend.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numbers>
#include <span>
#include <vector>

namespace strata {
namespace {

// The bodies are written in the compiler's vectors and inlined into a function
// for each instruction set. A vector must be one register of it: of longer ones
// GCC 12 keeps nothing in registers.
#define STRATA_INLINE [[gnu::always_inline]] inline

// Queries whose sums are in registers at the same time, two vectors of each:
// the eight that keep a processor's multipliers busy. AVX2's 16 registers hold
// no more, and of AVX-512's 32 GCC 12 makes no use.
constexpr std::int64_t kRows = 4;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// NOLINTBEGIN(modernize-avoid-c-arrays): as a template's argument a vector type
// is one no more.

template <std::int64_t kLanes>
struct Vector;

template <>
struct Vector<8> {
  using Floats [[gnu::vector_size(32)]] = float;
  using Ints [[gnu::vector_size(32)]] = std::int32_t;
  using Bits [[gnu::vector_size(32)]] = std::uint32_t;
};

template <>
struct Vector<16> {
  using Floats [[gnu::vector_size(64)]] = float;
  using Ints [[gnu::vector_size(64)]] = std::int32_t;
  using Bits [[gnu::vector_size(64)]] = std::uint32_t;
};

template <std::int64_t kLanes>
using Floats = typename Vector<kLanes>::Floats;
template <std::int64_t kLanes>
using Ints = typename Vector<kLanes>::Ints;

template <std::int64_t kLanes>
STRATA_INLINE void Load(const float* from, Floats<kLanes>& vector) {
  std::memcpy(&vector, from, sizeof(vector));
}

template <std::int64_t kLanes>
STRATA_INLINE void Store(const Floats<kLanes>& vector, float* to) {
  std::memcpy(to, &vector, sizeof(vector));
}

// e^x for x <= 0, to 2 units in the last place; 0 below -87.3, where the result
// would be no normal number. Not-a-number stays so. After Cephes' expf
// (S. Moshier, netlib.org/cephes): 2^n times a polynomial on [-ln 2 / 2,
// ln 2 / 2].
template <std::int64_t kLanes>
STRATA_INLINE void ExpInPlace(Floats<kLanes>& x) {
  constexpr float kLeast = -87.33F;
  constexpr auto kLog2E = std::numbers::log2e_v<float>;
  // ln 2 in two parts, the first of few bits.
  constexpr float kLn2High = 355.0F / 512.0F;
  constexpr float kLn2Low = -2.12194440e-4F;
  // Added to a small number it leaves the nearest integer in the last bits.
  constexpr float kToInteger = 12582912.0F;  // 1.5 * 2^23
  constexpr int kMantissaBits = 23;
  using Vectors = Floats<kLanes>;
  const Ints<kLanes> negligible = x < kLeast;
  // NOLINTNEXTLINE(misc-redundant-expression): not of not-a-number.
  const Ints<kLanes> no_number = x != x;
  const Vectors bounded = negligible ? Vectors{} + kLeast : x;
  const Vectors shifted = (bounded * kLog2E) + kToInteger;
  const Vectors n = shifted - kToInteger;
  const Vectors r = (bounded - (n * kLn2High)) - (n * kLn2Low);
  Vectors y = (r * 1.9875691500e-4F) + 1.3981999507e-3F;
  y = (y * r) + 8.3334519073e-3F;
  y = (y * r) + 4.1665795894e-2F;
  y = (y * r) + 1.6666665459e-1F;
  y = (y * r) + 5.0000001201e-1F;
  y = (y * (r * r)) + r + 1.0F;
  typename Vector<kLanes>::Bits bits;
  typename Vector<kLanes>::Bits exponent;
  std::memcpy(&bits, &y, sizeof(bits));
  std::memcpy(&exponent, &shifted, sizeof(exponent));
  bits += exponent << kMantissaBits;
  std::memcpy(&y, &bits, sizeof(y));
  y = negligible ? Vectors{} : y;
  x = no_number ? x : y;
}

template <std::int64_t kLanes>
STRATA_INLINE float Largest(const Floats<kLanes>& vector) {
  std::array<float, kLanes> lanes;
  Store<kLanes>(vector, lanes.data());
  for (std::size_t half = kLanes / 2; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) {
      lanes[i] = std::max(lanes[i], lanes[i + half]);
    }
  }
  return lanes[0];
}

template <std::int64_t kLanes>
STRATA_INLINE float Sum(const Floats<kLanes>& vector) {
  std::array<float, kLanes> lanes;
  Store<kLanes>(vector, lanes.data());
  for (std::size_t half = kLanes / 2; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  }
  return lanes[0];
}

// Numbers that are summed up in registers: kRows x (kVectors * kLanes).
template <std::int64_t kLanes, std::int64_t kVectors>
struct Sums {
  Floats<kLanes> at[kRows][kVectors] = {};

  // Adds the product of kRows numbers, one of each of `rows` at `depth`, and
  // kVectors vectors.
  STRATA_INLINE void AddProduct(const float* const (&rows)[kRows],
                                std::int64_t depth,
                                const Floats<kLanes> (&vectors)[kVectors]) {
#pragma GCC unroll 4
    for (std::int64_t i = 0; i < kRows; ++i) {
      const float number = rows[i][depth];
#pragma GCC unroll 2
      for (std::int64_t j = 0; j < kVectors; ++j) {
        at[i][j] += number * vectors[j];
      }
    }
  }
};

// kRows queries at work. Where a block has fewer, its last stands for those
// that are missing.
struct Rows {
  const float* queries[kRows];
  const float* mask[kRows];
  float* scores[kRows];
  float share[kRows];
};

// Scores of the kVectors * kLanes keys from `key` on, with what the mask adds,
// to place `at` of each row's scores; what is largest to `largest`.
template <std::int64_t kLanes, std::int64_t kVectors>
STRATA_INLINE void ScoreKeys(const AttendJob& job, const Rows& rows,
                             std::int64_t key, std::int64_t at,
                             Floats<kLanes> (&largest)[kRows]) {
  Sums<kLanes, kVectors> sums;
  const float* const keys = job.laid_out_keys + (key * job.width);
  for (std::int64_t e = 0; e < job.width; ++e) {
    Floats<kLanes> vectors[kVectors];
#pragma GCC unroll 2
    for (std::int64_t j = 0; j < kVectors; ++j) {
      const std::int64_t block = j * kLanes / kKeyBlock;
      Load<kLanes>(keys + (((block * job.width) + e) * kKeyBlock) +
                       (j * kLanes % kKeyBlock),
                   vectors[j]);
    }
    sums.AddProduct(rows.queries, e, vectors);
  }
#pragma GCC unroll 4
  for (std::int64_t i = 0; i < kRows; ++i) {
#pragma GCC unroll 2
    for (std::int64_t j = 0; j < kVectors; ++j) {
      Floats<kLanes> added;
      Load<kLanes>(rows.mask[i] + key + (j * kLanes), added);
      const Floats<kLanes> score = (sums.at[i][j] * job.scale) + added;
      largest[i] = score > largest[i] ? score : largest[i];
      Store<kLanes>(score, rows.scores[i] + at + (j * kLanes));
    }
  }
}

// Makes weights of `count` scores, not yet divided by their sum, which is
// returned.
template <std::int64_t kLanes>
STRATA_INLINE float WeighScores(float* scores, std::int64_t count,
                                const Floats<kLanes>& largest) {
  const float most = Largest<kLanes>(largest);
  // Nothing is seen; minus itself it would be not-a-number.
  const float base = most == -kInfinity ? 0 : most;
  Floats<kLanes> sums = {};
  for (std::int64_t at = 0; at < count; at += kLanes) {
    Floats<kLanes> weight;
    Load<kLanes>(scores + at, weight);
    weight -= base;
    ExpInPlace<kLanes>(weight);
    sums += weight;
    Store<kLanes>(weight, scores + at);
  }
  return Sum<kLanes>(sums);
}

// The kVectors * kLanes channels from `channel` on of the first `stored` rows.
template <std::int64_t kLanes, std::int64_t kVectors>
STRATA_INLINE void SumValues(const AttendJob& job, const Rows& rows,
                             std::int64_t first, std::int64_t stored,
                             std::int64_t channel) {
  Sums<kLanes, kVectors> sums;
  const float* weights[kRows];
  for (std::int64_t i = 0; i < kRows; ++i) weights[i] = rows.scores[i];
  std::int64_t at = 0;
  for (const BlockRun& run : job.seen) {
    const std::int64_t begin = run.first * kKeyBlock;
    const std::int64_t end = std::min(run.last * kKeyBlock, job.keys);
    for (std::int64_t key = begin; key < end; ++key) {
      Floats<kLanes> vectors[kVectors];
#pragma GCC unroll 2
      for (std::int64_t j = 0; j < kVectors; ++j) {
        Load<kLanes>(job.values.Row(key) + channel + (j * kLanes), vectors[j]);
      }
      sums.AddProduct(weights, at + key - begin, vectors);
    }
    at += (run.last - run.first) * kKeyBlock;
  }
  for (std::int64_t i = 0; i < stored; ++i) {
    for (std::int64_t j = 0; j < kVectors; ++j) {
      Store<kLanes>(sums.at[i][j] * rows.share[i],
                    job.output.Row(first + i) + channel + (j * kLanes));
    }
  }
}

// kRows of the queries, from `first` on; `places` keys are in the blocks seen.
// Two vectors of keys or channels at a time, then a last one.
template <std::int64_t kLanes>
STRATA_INLINE void AttendRows(const AttendJob& job, std::int64_t first,
                              std::int64_t places, float* scores) {
  constexpr std::int64_t kStep = 2 * kLanes;
  const std::int64_t stored = std::min(kRows, job.count - first);
  Rows rows;
  Floats<kLanes> largest[kRows];
  for (std::int64_t i = 0; i < kRows; ++i) {
    const std::int64_t query = first + std::min(i, stored - 1);
    rows.queries[i] = job.queries.Row(query);
    rows.mask[i] = job.mask.Row(query);
    rows.scores[i] = scores + (i * places);
    largest[i] = Floats<kLanes>{} - kInfinity;
  }
  std::int64_t at = 0;
  for (const BlockRun& run : job.seen) {
    std::int64_t key = run.first * kKeyBlock;
    const std::int64_t end = run.last * kKeyBlock;
    for (; key + kStep <= end; key += kStep, at += kStep) {
      ScoreKeys<kLanes, 2>(job, rows, key, at, largest);
    }
    for (; key < end; key += kLanes, at += kLanes) {
      ScoreKeys<kLanes, 1>(job, rows, key, at, largest);
    }
  }
  for (std::int64_t i = 0; i < kRows; ++i) {
    const float sum = WeighScores<kLanes>(rows.scores[i], places, largest[i]);
    rows.share[i] = sum == 0 ? 0 : 1 / sum;
  }
  std::int64_t channel = 0;
  for (; channel + kStep <= job.width; channel += kStep) {
    SumValues<kLanes, 2>(job, rows, first, stored, channel);
  }
  for (; channel < job.width; channel += kLanes) {
    SumValues<kLanes, 1>(job, rows, first, stored, channel);
  }
}

template <std::int64_t kLanes>
STRATA_INLINE void AttendBody(const AttendJob& job, std::int64_t places,
                              float* scores) {
  for (std::int64_t first = 0; first < job.count; first += kRows) {
    AttendRows<kLanes>(job, first, places, scores);
  }
}

// NOLINTEND(modernize-avoid-c-arrays)

template <std::int64_t kLanes>
STRATA_INLINE bool MarkSeenBody(const float* mask, std::int64_t blocks,
                                std::uint8_t* marks) {
  bool any = false;
  for (std::int64_t i = 0; i < blocks; ++i) {
    std::int32_t all_hidden = -1;
    for (std::int64_t j = 0; j < kKeyBlock; j += kLanes) {
      Floats<kLanes> added;
      Load<kLanes>(mask + (i * kKeyBlock) + j, added);
      // Not-a-number counts as seen.
      const Ints<kLanes> hidden = added <= kHidden;
      std::array<std::int32_t, kLanes> lanes;
      std::memcpy(lanes.data(), &hidden, sizeof(hidden));
      for (const std::int32_t lane : lanes) all_hidden &= lane;
    }
    marks[i] |= static_cast<std::uint8_t>(all_hidden == 0);
    any |= all_hidden == 0;
  }
  return any;
}

#if defined(__x86_64__)
[[gnu::target("avx2,fma")]] void AttendAvx2(const AttendJob& job,
                                            std::int64_t places,
                                            float* scores) {
  AttendBody<8>(job, places, scores);
}

[[gnu::target("avx2,fma")]] bool MarkSeenAvx2(const float* mask,
                                              std::int64_t blocks,
                                              std::uint8_t* marks) {
  return MarkSeenBody<8>(mask, blocks, marks);
}

[[gnu::target("avx512f,avx2,fma")]] void AttendAvx512(const AttendJob& job,
                                                      std::int64_t places,
                                                      float* scores) {
  AttendBody<16>(job, places, scores);
}

[[gnu::target("avx512f,avx2,fma")]] bool MarkSeenAvx512(const float* mask,
                                                        std::int64_t blocks,
                                                        std::uint8_t* marks) {
  return MarkSeenBody<16>(mask, blocks, marks);
}
#endif

std::vector<AttendKernel> FindKernels() {
  std::vector<AttendKernel> kernels;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) {
    kernels.push_back({"AVX-512", AttendAvx512, MarkSeenAvx512});
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    kernels.push_back({"AVX2", AttendAvx2, MarkSeenAvx2});
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
  std::vector<std::uint8_t> marks(blocks, 0);
  for (std::int64_t query = 0; query < queries; ++query) {
    if (!kernel.mark_seen(mask.Row(query), blocks, marks.data())) {
      return {{.first = 0, .last = static_cast<std::int32_t>(blocks)}};
    }
  }
  std::vector<BlockRun> runs;
  for (std::int32_t block = 0; block < blocks; ++block) {
    if (marks[block] == 0) continue;
    if (runs.empty() || runs.back().last < block) {
      runs.push_back({.first = block, .last = block});
    }
    runs.back().last = block + 1;
  }
  return runs;
}

void LayOutKeys(HeadRows<const float> keys, std::int64_t count,
                std::int64_t width, float* laid_out) {
  for (std::int64_t first = 0; first < count; first += kKeyBlock) {
    float* const block = laid_out + (first * width);
    const std::int64_t here = std::min(kKeyBlock, count - first);
    if (here < kKeyBlock) std::fill_n(block, width * kKeyBlock, 0.0F);
    for (std::int64_t i = 0; i < here; ++i) {
      const float* const from = keys.Row(first + i);
      for (std::int64_t e = 0; e < width; ++e) {
        block[(e * kKeyBlock) + i] = from[e];
      }
    }
  }
}

void Attend(const AttendKernel& kernel, const AttendJob& job,
            std::vector<float>& scores) {
  std::int64_t places = 0;
  for (const BlockRun& run : job.seen) {
    places += (run.last - run.first) * kKeyBlock;
  }
  const auto needed = static_cast<std::size_t>(places * kQueryBlock);
  if (scores.size() < needed) scores.resize(needed);
  kernel.attend(job, places, scores.data());
}

}  // namespace strata
