// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/tensor/prepacked_linear.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "ATen/native/CPUBlas.h"
#include "core/tensor/for_each_item.h"
#include "torch/library.h"
#include "torch/script.h"

namespace strata {
namespace {

// Columns of a panel: four of AVX-512's registers.
constexpr std::int64_t kPanel = 64;
// Columns must come in whole registers.
constexpr std::int64_t kColumns = 16;
// Rows that are computed with a panel while it is in the nearest cache.
constexpr std::int64_t kTile = 64;
// A panel's depth at a time, for the same reason.
constexpr std::int64_t kDepth = 768;
// The rows of a kernel are a multiple of this or fewer: each number of rows is
// a kernel of its own, compiled when it first occurs (0.1 ms).
constexpr std::int64_t kRowStep = 8;

// The matrices of a product: rows x depth times depth x columns.
struct Product {
  std::int64_t rows;
  std::int64_t depth;
  std::int64_t columns;
  const float* input;
  const float* prepacked;
  const float* bias;  // nullptr: zeros.
  float* output;
};

// Adds to rows [row, row + rows) of the output, in the panel that begins at
// `column`.
void AddRows(const Product& product, std::int64_t row, std::int64_t rows,
             std::int64_t column, std::int64_t width) {
  for (std::int64_t k = 0; k < product.depth; k += kDepth) {
    at::native::cpublas::brgemm(
        rows, width, std::min(kDepth, product.depth - k), product.depth, width,
        product.columns, /*add_C=*/true,
        product.input + (row * product.depth) + k,
        product.prepacked + (column * product.depth) + (k * width),
        product.output + (row * product.columns) + column);
  }
}

void ComputeTile(const Product& product, std::int64_t row,
                 std::int64_t column) {
  const std::int64_t width = std::min(kPanel, product.columns - column);
  const std::int64_t rows = std::min(kTile, product.rows - row);
  for (std::int64_t i = 0; i < rows; ++i) {
    float* const place =
        product.output + ((row + i) * product.columns) + column;
    if (product.bias == nullptr) {
      std::fill_n(place, width, 0.0F);
    } else {
      std::copy_n(product.bias + column, width, place);
    }
  }
  const std::int64_t stepped = rows - (rows % kRowStep);
  if (stepped > 0) AddRows(product, row, stepped, column, width);
  if (stepped < rows) {
    AddRows(product, row + stepped, rows - stepped, column, width);
  }
}

void Compute(const Product& product) {
  const std::int64_t tiles = (product.rows + kTile - 1) / kTile;
  const std::int64_t panels = (product.columns + kPanel - 1) / kPanel;
  const std::int64_t work =
      std::min(product.rows, kTile) * kPanel * product.depth;
  // Panel by panel, so that a thread reads as little of the weight as may be.
  ForEachItem(panels * tiles, std::max<std::int64_t>(1, kWorthAThread / work),
              [&](std::int64_t item) {
                ComputeTile(product, item % tiles * kTile,
                            item / tiles * kPanel);
              });
}

}  // namespace

bool HasPrepackedLinear() {
#if defined(__x86_64__)
  // Without it LibTorch computes each block with a general product of its own.
  return __builtin_cpu_supports("avx2") &&
         at::globalContext().userEnabledMkldnn();
#else
  return false;
#endif
}

bool CanPrepack(const at::Tensor& weight) {
  return weight.device().is_cpu() && weight.layout() == at::kStrided &&
         weight.scalar_type() == at::kFloat && weight.dim() == 2 &&
         weight.numel() > 0 && weight.size(0) % kColumns == 0;
}

at::Tensor PrepackWeight(const at::Tensor& weight) {
  TORCH_CHECK(CanPrepack(weight), "this weight cannot be prepacked");
  at::Tensor prepacked = at::empty({weight.numel()}, weight.options());
  // Gradients may be off in this thread alone.
  const at::Tensor stored = weight.detach();
  const std::int64_t columns = weight.size(0);
  const std::int64_t depth = weight.size(1);
  ForEachItem((columns + kPanel - 1) / kPanel, /*grain=*/1,
              [&](std::int64_t item) {
                const std::int64_t column = item * kPanel;
                const std::int64_t width = std::min(kPanel, columns - column);
                prepacked.narrow(0, column * depth, width * depth)
                    .view({depth, width})
                    .copy_(stored.narrow(0, column, width).t());
              });
  return prepacked;
}

at::Tensor PrepackedLinear(const at::Tensor& input, const at::Tensor& prepacked,
                           const std::optional<at::Tensor>& bias) {
  TORCH_CHECK(input.device().is_cpu() && input.scalar_type() == at::kFloat &&
                  input.dim() > 0,
              "a prepacked linear layer takes float32 [..., K] on the CPU");
  const std::int64_t depth = input.size(-1);
  TORCH_CHECK(
      prepacked.dim() == 1 && depth > 0 && prepacked.numel() % depth == 0,
      "a prepacked weight of ", prepacked.numel(),
      " numbers does not fit an input of ", depth, " channels");
  const std::int64_t columns = prepacked.numel() / depth;
  TORCH_CHECK(!bias.has_value() || (bias->numel() == columns &&
                                    bias->scalar_type() == at::kFloat),
              "the bias must be float32 [", columns, "]");
  std::vector<std::int64_t> sizes = input.sizes().vec();
  sizes.back() = columns;
  at::Tensor output = at::empty(sizes, input.options());
  if (output.numel() == 0) return output;
  const at::Tensor rows = input.contiguous();
  const at::Tensor added = bias.has_value() ? bias->contiguous() : at::Tensor();
  Compute({.rows = rows.numel() / depth,
           .depth = depth,
           .columns = columns,
           .input = rows.const_data_ptr<float>(),
           .prepacked = prepacked.const_data_ptr<float>(),
           .bias = bias.has_value() ? added.const_data_ptr<float>() : nullptr,
           .output = output.mutable_data_ptr<float>()});
  return output;
}

}  // namespace strata

TORCH_LIBRARY_FRAGMENT(strata, library) {
  library.def(
      "prepacked_linear(Tensor input, Tensor prepacked, Tensor? bias) -> "
      "Tensor",
      &strata::PrepackedLinear);
}
