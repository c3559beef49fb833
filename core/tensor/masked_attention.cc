// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/tensor/masked_attention.h"

#include <algorithm>
#include <array>
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
// Multiplications that are worth waking another thread for.
constexpr std::int64_t kWorthAThread = 1 << 18;

std::int64_t BlocksOf(std::int64_t count, std::int64_t block) {
  return (count + block - 1) / block;
}

// What is added to the scores, and which keys each block of queries sees. What
// is broadcast to all rows, heads or queries is held once.
class Mask {
 public:
  // `mask` is float32 or bool, [B or 1, H or 1, L or 1, S] or the last of
  // these.
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
    while (added.dim() < 4) added = added.unsqueeze(0);
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

// [B, H, places, E], whose channels lie beside each other.
class Heads {
 public:
  explicit Heads(const at::Tensor& heads)
      : heads_(heads.stride(3) == 1 ? heads : heads.contiguous()),
        data_(heads_.const_data_ptr<float>()) {}

  HeadRows<const float> Head(std::int64_t row, std::int64_t head,
                             std::int64_t place = 0) const {
    return {.data = data_ + (row * heads_.stride(0)) +
                    (head * heads_.stride(1)) + (place * heads_.stride(2)),
            .stride = heads_.stride(2)};
  }

 private:
  at::Tensor heads_;
  const float* data_;
};

bool IsHeads(const at::Tensor& tensor) {
  return tensor.device().is_cpu() && tensor.layout() == at::kStrided &&
         tensor.scalar_type() == at::kFloat && tensor.dim() == 4 &&
         tensor.numel() > 0;
}

// Whether `mask` is [B or 1, H or 1, L or 1, S] or the last of these.
bool IsMaskOf(const at::Tensor& mask, const at::Tensor& query,
              const at::Tensor& key) {
  if (!mask.device().is_cpu() || mask.layout() != at::kStrided ||
      (mask.scalar_type() != at::kFloat && mask.scalar_type() != at::kBool) ||
      mask.dim() < 1 || mask.dim() > 4 || mask.size(-1) != key.size(2)) {
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
  // What follows in a trace joins the heads of a place.
  at::Tensor output =
      at::empty({query.size(0), places, heads, width}, query.options());
  auto* const data = output.mutable_data_ptr<float>();
  const AttendKernel& kernel = AttendKernels().front();
  const Mask seen(kernel, mask);
  const Heads query_heads(query);
  const Heads key_heads(key);
  const Heads value_heads(value);
  const auto compute = [&](std::int64_t row, std::int64_t head) {
    // Memory that the thread keeps for its next head.
    thread_local std::vector<float> laid_out_keys;
    thread_local std::vector<float> scores;
    LayOutKeys(key_heads.Head(row, head), keys, width, laid_out_keys);
    for (std::int64_t first = 0; first < places; first += kQueryBlock) {
      Attend(kernel,
             {.queries = query_heads.Head(row, head, first),
              .count = std::min(kQueryBlock, places - first),
              .width = width,
              .scale = factor,
              .laid_out_keys = laid_out_keys.data(),
              .values = value_heads.Head(row, head),
              .keys = keys,
              .mask = seen.Added(row, head, first),
              .seen = seen.Seen(row, head, first),
              .output = {.data =
                             data + ((((row * places) + first) * heads + head) *
                                     width),
                         .stride = heads * width}},
             scores);
    }
  };
  const std::int64_t work = places * keys * width;
  ForEachItem(query.size(0) * heads,
              std::max<std::int64_t>(1, kWorthAThread / work),
              [&](std::int64_t item) { compute(item / heads, item % heads); });
  return output.transpose(1, 2);
}

}  // namespace strata

TORCH_LIBRARY_FRAGMENT(strata, library) {
  library.def(
      "masked_attention(Tensor query, Tensor key, Tensor value, Tensor mask, "
      "float? scale) -> Tensor",
      &strata::MaskedAttention);
}
