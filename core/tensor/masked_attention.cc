// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/tensor/masked_attention.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "core/tensor/attend.h"
#include "core/tensor/for_each_item.h"
#include "torch/library.h"
#include "torch/script.h"

namespace strata {
namespace {

// Channels must come in whole registers.
constexpr std::int64_t kChannels = 16;
// Queries of one head that a thread takes at a time.
constexpr std::int64_t kTaken = 8 * kQueryBlock;

std::int64_t BlocksOf(std::int64_t count, std::int64_t block) {
  return (count + block - 1) / block;
}

// What is added to the scores, and which keys each block of queries sees. What
// is broadcast to all rows, heads or queries is held once.
class Mask {
 public:
  // `mask` is float32 or bool, [B or 1, H or 1, L or 1, S] or the last two.
  Mask(const AttendKernel& kernel, const at::Tensor& mask)
      : added_(InWholeBlocks(mask)),
        blocks_(BlocksOf(added_.size(2), kQueryBlock)),
        seen_(added_.size(0) * added_.size(1) * blocks_) {
    const std::int64_t keys = added_.size(3);
    ForEachItem(
        std::ssize(seen_), /*grain=*/kQueryBlock, [&](std::int64_t item) {
          const std::int64_t first = item % blocks_ * kQueryBlock;
          seen_[item] = SeenRuns(
              kernel,
              {.data = Plane(item / blocks_) + (first * keys), .stride = keys},
              std::min(kQueryBlock, added_.size(2) - first), keys / kKeyBlock);
        });
  }

  // What the block of queries sees that begins at `query`.
  std::span<const BlockRun> Seen(std::int64_t row, std::int64_t head,
                                 std::int64_t query) const {
    const std::int64_t block = SameForAll() ? 0 : query / kQueryBlock;
    return seen_[(PlaneOf(row, head) * blocks_) + block];
  }

  // What is added for that query and those after it.
  HeadRows<const float> Added(std::int64_t row, std::int64_t head,
                              std::int64_t query) const {
    const float* const plane = Plane(PlaneOf(row, head));
    if (SameForAll()) return {.data = plane, .stride = 0};
    return {.data = plane + (query * added_.size(3)), .stride = added_.size(3)};
  }

 private:
  // With keys that nobody sees up to whole blocks.
  static at::Tensor InWholeBlocks(const at::Tensor& mask) {
    constexpr float kNever = -std::numeric_limits<float>::infinity();
    at::Tensor added = mask;
    if (mask.scalar_type() == at::kBool) {
      added = at::zeros(mask.sizes(), mask.options().dtype(at::kFloat))
                  .masked_fill_(mask.logical_not(), kNever);
    }
    if (added.dim() == 2) added = added.unsqueeze(0).unsqueeze(0);
    for (std::int64_t i = 0; i < 3; ++i) {
      if (added.stride(i) == 0) added = added.narrow(i, 0, 1);
    }
    const std::int64_t keys = added.size(3);
    const std::int64_t whole = BlocksOf(keys, kKeyBlock) * kKeyBlock;
    if (whole > keys) {
      added = at::constant_pad_nd(added, {0, whole - keys}, kNever);
    }
    return added.contiguous();
  }

  bool SameForAll() const { return added_.size(2) == 1; }

  std::int64_t PlaneOf(std::int64_t row, std::int64_t head) const {
    return ((added_.size(0) == 1 ? 0 : row) * added_.size(1)) +
           (added_.size(1) == 1 ? 0 : head);
  }

  const float* Plane(std::int64_t plane) const {
    return added_.const_data_ptr<float>() +
           (plane * added_.size(2) * added_.size(3));
  }

  at::Tensor added_;  // float32 [B or 1, H or 1, L or 1, S in whole blocks].
  std::int64_t blocks_;
  std::vector<std::vector<BlockRun>> seen_;
};

template <typename Float>
HeadRows<Float> RowsOf(Float* data, const at::Tensor& heads, std::int64_t row,
                       std::int64_t head, std::int64_t place = 0) {
  return {.data = data + (row * heads.stride(0)) + (head * heads.stride(1)) +
                  (place * heads.stride(2)),
          .stride = heads.stride(2)};
}

// Whether it is [B, H, places, E], E in one piece.
bool IsHeads(const at::Tensor& tensor) {
  return tensor.device().is_cpu() && tensor.layout() == at::kStrided &&
         tensor.scalar_type() == at::kFloat && tensor.dim() == 4 &&
         tensor.numel() > 0 && tensor.stride(3) == 1;
}

// Whether `mask` is [B or 1, H or 1, L or 1, S] or the last two.
bool IsMaskOf(const at::Tensor& mask, const at::Tensor& query,
              const at::Tensor& key) {
  if (!mask.device().is_cpu() || mask.layout() != at::kStrided ||
      (mask.scalar_type() != at::kFloat && mask.scalar_type() != at::kBool) ||
      (mask.dim() != 2 && mask.dim() != 4) || mask.size(-1) != key.size(2)) {
    return false;
  }
  for (std::int64_t i = 2; i <= mask.dim(); ++i) {
    if (mask.size(-i) != 1 && mask.size(-i) != query.size(4 - i)) return false;
  }
  return true;
}

bool CanAttend(const at::Tensor& query, const at::Tensor& key,
               const at::Tensor& value, const at::Tensor& mask) {
  return HasMaskedAttention() && IsHeads(query) && IsHeads(key) &&
         IsHeads(value) && key.sizes() == value.sizes() &&
         query.size(0) == key.size(0) && query.size(1) == key.size(1) &&
         query.size(3) == key.size(3) && query.size(3) % kChannels == 0 &&
         IsMaskOf(mask, query, key);
}

}  // namespace

bool HasMaskedAttention() { return !AttendKernels().empty(); }

at::Tensor MaskedAttention(const at::Tensor& query, const at::Tensor& key,
                           const at::Tensor& value, const at::Tensor& mask,
                           std::optional<double> scale) {
  if (!CanAttend(query, key, value, mask)) {
    return at::scaled_dot_product_attention(query, key, value, mask,
                                            /*dropout_p=*/0.0,
                                            /*is_causal=*/false, scale);
  }
  const std::int64_t heads = query.size(1);
  const std::int64_t places = query.size(2);
  const std::int64_t width = query.size(3);
  const std::int64_t keys = key.size(2);
  const auto factor = static_cast<float>(
      scale.value_or(1 / std::sqrt(static_cast<double>(width))));
  // As LibTorch lays it out, since what follows may depend on it.
  at::Tensor output = at::empty_like(query);
  if (output.stride(3) != 1) output = at::empty(query.sizes(), query.options());
  const AttendKernel& kernel = AttendKernels().front();
  const Mask seen(kernel, mask);

  const std::int64_t all_heads = query.size(0) * heads;
  const std::int64_t key_numbers =
      BlocksOf(keys, kKeyBlock) * kKeyBlock * width;
  const at::Tensor laid_out =
      at::empty({all_heads, key_numbers}, query.options());
  auto* const laid_out_data = laid_out.mutable_data_ptr<float>();
  const auto* const query_data = query.const_data_ptr<float>();
  const auto* const key_data = key.const_data_ptr<float>();
  const auto* const value_data = value.const_data_ptr<float>();
  auto* const output_data = output.mutable_data_ptr<float>();
  ForEachItem(all_heads, std::max<std::int64_t>(1, kWorthAThread / key_numbers),
              [&](std::int64_t item) {
                LayOutKeys(RowsOf(key_data, key, item / heads, item % heads),
                           keys, width, laid_out_data + (item * key_numbers));
              });

  const auto attend = [&](std::int64_t row, std::int64_t head,
                          std::int64_t first) {
    // Memory that the thread keeps for what it takes next.
    static thread_local std::vector<float> scores;
    Attend(kernel,
           {.queries = RowsOf(query_data, query, row, head, first),
            .count = std::min(kQueryBlock, places - first),
            .width = width,
            .scale = factor,
            .laid_out_keys =
                laid_out_data + (((row * heads) + head) * key_numbers),
            .values = RowsOf(value_data, value, row, head),
            .keys = keys,
            .mask = seen.Added(row, head, first),
            .seen = seen.Seen(row, head, first),
            .output = RowsOf(output_data, output, row, head, first)},
           scores);
  };
  const std::int64_t parts = BlocksOf(places, kTaken);
  const std::int64_t work = std::min(places, kTaken) * keys * width;
  ForEachItem(
      all_heads * parts, std::max<std::int64_t>(1, kWorthAThread / work),
      [&](std::int64_t item) {
        const std::int64_t head = item / parts;
        const std::int64_t begin = item % parts * kTaken;
        const std::int64_t end = std::min(places, begin + kTaken);
        for (std::int64_t first = begin; first < end; first += kQueryBlock) {
          attend(head / heads, head % heads, first);
        }
      });
  return output;
}

}  // namespace strata

TORCH_LIBRARY_FRAGMENT(strata, library) {
  library.def(
      "masked_attention(Tensor query, Tensor key, Tensor value, Tensor mask, "
      "float? scale) -> Tensor",
      &strata::MaskedAttention);
}
