// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/batch/request.h"

#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/host_tensor.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

using Shape = std::vector<std::int64_t>;

Sequence FivePieces() {
  return {.ids = {1, 2, 3, 4, 5}, .spans = {{0, 2}, {1, 5}}};
}

TEST(OutputShape, FollowsPoolingPositionsAndDimensions) {
  const Sequence sequence = FivePieces();
  EXPECT_EQ(OutputShape({.layers = {0, 2}}, sequence, 8), (Shape{2, 5, 8}));
  EXPECT_EQ(OutputShape({.layers = {0}, .positions = {-1}}, sequence, 8),
            (Shape{1, 1, 8}));
  EXPECT_EQ(
      OutputShape({.layers = {0}, .pooling = Pooling::kMean}, sequence, 8),
      (Shape{1, 8}));
  EXPECT_EQ(
      OutputShape({.layers = {3}, .pooling = Pooling::kSpans}, sequence, 8),
      (Shape{1, 2, 8}));
  EXPECT_EQ(OutputShape({.layers = {0}, .dimensions = 3}, sequence, 8),
            (Shape{1, 5, 3}));
}

TEST(OutputSelections, CountsLayersSpansAndPositions) {
  Sequence sequence = FivePieces();
  sequence.outputs = std::make_shared<std::vector<OutputSpec>>(
      std::vector<OutputSpec>{{.layers = {0, 1}},
                              {.layers = {1}, .positions = {0, 0, 0}},
                              {.layers = {0, 1, 2}, .pooling = Pooling::kMean},
                              {.layers = {0, 1}, .pooling = Pooling::kSpans}});
  EXPECT_EQ(OutputSelections(sequence), 2 + (1 + 3) + 3 + (2 * 2));
}

TEST(OutputBytes, AddsOutputsInTheirTypes) {
  Sequence sequence = FivePieces();
  sequence.outputs = std::make_shared<std::vector<OutputSpec>>(
      std::vector<OutputSpec>{{.layers = {0, 1}},
                              {.layers = {1},
                               .pooling = Pooling::kMean,
                               .dtype = DataType::kFloat16}});
  EXPECT_EQ(OutputBytes(sequence, 8), (2 * 5 * 8 * 4) + (8 * 2));
}

}  // namespace
}  // namespace strata
