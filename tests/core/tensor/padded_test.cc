// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// Rows and masks are those of Curated Transformers (make_padded.py).

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <vector>

#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "core/tensor/mask_form.h"
#include "core/tensor/rows.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "torch/script.h"

namespace strata {
namespace {

using Rows = std::vector<std::vector<std::int64_t>>;

// `table` as a tensor [B, T].
at::Tensor ToTensor(const Rows& table) {
  std::vector<at::Tensor> rows;
  for (const auto& row : table) rows.push_back(at::tensor(row, at::kLong));
  return at::stack(rows);
}

TEST(PaddedTest, EqualsCuratedTransformers) {
  std::ifstream file(STRATA_PADDED);
  const nlohmann::json cases = nlohmann::json::parse(file);
  ASSERT_GE(cases.size(), 7U);
  for (const nlohmann::json& expected : cases) {
    std::vector<Sequence> sequences;
    for (const nlohmann::json& ids : expected.at("ids")) {
      sequences.push_back({.ids = ids});
    }
    std::vector<const Sequence*> pointers;
    BatchPlan plan;
    for (const Sequence& sequence : sequences) {
      plan.rows.push_back({.members = {static_cast<int>(pointers.size())}});
      plan.length = std::max(plan.length, sequence.pieces());
      pointers.push_back(&sequence);
    }
    const RowTensors rows = AssembleRows(pointers, plan, MaskForm::kPieces,
                                         expected.at("padding_id"), at::kCPU);
    EXPECT_TRUE(at::equal(rows.ids, ToTensor(expected.at("padded"))));
    EXPECT_TRUE(
        at::equal(rows.mask.to(at::kLong), ToTensor(expected.at("mask"))));
  }
}

}  // namespace
}  // namespace strata
