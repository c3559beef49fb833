// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_TENSOR_ATTEND_H_
#define STRATA_CORE_TENSOR_ATTEND_H_

#include <cstdint>
#include <span>
#include <vector>

namespace strata {

// The kernels of core/tensor/masked_attention.h: attention of a few queries of
// one head over the blocks of keys that they see. Without LibTorch, compiled
// for several instruction sets. Thread-safe; nothing is thrown but
// std::bad_alloc.

// Keys of a block: what one of AVX-512's registers holds, two of AVX2's.
constexpr std::int64_t kKeyBlock = 16;
// Queries that are computed together, and share what they see.
constexpr std::int64_t kQueryBlock = 8;

// What a mask adds to the score of a key that it hides is this or less: the
// least float (PyTorch's usual way) or minus infinity. No score makes up for
// it, so that the key's weight is 0, bit for bit. Weaker ways to hide, such as
// -10,000, are numbers like others.
constexpr float kHidden = -1e30F;

// Blocks of keys, [first, last).
struct BlockRun {
  std::int32_t first;
  std::int32_t last;
};

// A head of a row, [places, E]: places begin `stride` numbers apart.
template <typename Float>
struct HeadRows {
  Float* data;
  std::int64_t stride;

  Float* Row(std::int64_t place) const { return data + (place * stride); }
};

// Up to kQueryBlock queries of a head, and what they attend to.
struct AttendJob {
  HeadRows<const float> queries;
  std::int64_t count;  // 1 to kQueryBlock.
  std::int64_t width;  // E, a multiple of 16.
  float scale;
  const float* laid_out_keys;
  HeadRows<const float> values;
  std::int64_t keys;  // Rows of `values`; of a last block there may be fewer.
  // Added to the scores, for whole blocks of keys: minus infinity after `keys`.
  HeadRows<const float> mask;
  std::span<const BlockRun> seen;
  HeadRows<float> output;
};

// The functions that are compiled for one instruction set; called by those
// below.
struct AttendKernel {
  const char* instructions;
  // The blocks that are seen hold `places` keys, `scores` kQueryBlock times as
  // many numbers.
  void (*attend)(const AttendJob& job, std::int64_t places, float* scores);
  // Sets the byte of each block that one query sees; returns whether there is
  // any.
  bool (*mark_seen)(const float* mask, std::int64_t blocks,
                    std::uint8_t* marks);
};

// Those that this processor can run, the best first; none but on x86-64 with
// AVX2 and FMA.
std::span<const AttendKernel> AttendKernels();

// The blocks that some of `queries` queries sees, in order. A query from which
// the mask hides every key sees them all: what it adds then decides nothing.
// `mask` is what is added to the scores, for `blocks` * kKeyBlock keys.
std::vector<BlockRun> SeenRuns(const AttendKernel& kernel,
                               HeadRows<const float> mask, std::int64_t queries,
                               std::int64_t blocks);

// Lays `count` keys of a head out for Attend: `laid_out`, [blocks, width,
// kKeyBlock], zeros after the last.
void LayOutKeys(HeadRows<const float> keys, std::int64_t count,
                std::int64_t width, float* laid_out);

// softmax(queries * keys^T * scale + mask) * values, over `seen` alone. Zeros
// for a query to all of whose scores minus infinity is added. `scores` is
// memory to work in.
void Attend(const AttendKernel& kernel, const AttendJob& job,
            std::vector<float>& scores);

}  // namespace strata

#endif  // STRATA_CORE_TENSOR_ATTEND_H_
