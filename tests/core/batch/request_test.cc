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

constexpr OutputWidths kWidths = {.hidden_states = 8, .logits = 20};

Sequence FivePieces() {
  return {.ids = {1, 2, 3, 4, 5}, .spans = {{0, 2}, {1, 5}}};
}

TEST(OutputShape, FollowsPoolingPositionsAndDimensions) {
  const Sequence sequence = FivePieces();
  EXPECT_EQ(OutputShape({.layers = {0, 2}}, sequence, kWidths),
            (Shape{2, 5, 8}));
  EXPECT_EQ(OutputShape({.layers = {0}, .positions = {-1}}, sequence, kWidths),
            (Shape{1, 1, 8}));
  EXPECT_EQ(OutputShape({.layers = {0}, .pooling = Pooling::kMean}, sequence,
                        kWidths),
            (Shape{1, 8}));
  EXPECT_EQ(OutputShape({.layers = {3}, .pooling = Pooling::kSpans}, sequence,
                        kWidths),
            (Shape{1, 2, 8}));
  EXPECT_EQ(OutputShape({.layers = {0}, .dimensions = 3}, sequence, kWidths),
            (Shape{1, 5, 3}));
}

TEST(OutputShape, OfLogitsHasNoLayersAndTheVocabularyForWidth) {
  const Sequence sequence = FivePieces();
  const auto shape = [&sequence](OutputSpec spec) {
    spec.kind = OutputKind::kLogits;
    return OutputShape(spec, sequence, kWidths);
  };
  EXPECT_EQ(shape({}), (Shape{5, 20}));
  EXPECT_EQ(shape({.positions = {-1}}), (Shape{1, 20}));
  EXPECT_EQ(shape({.pooling = Pooling::kLast}), (Shape{20}));
  EXPECT_EQ(shape({.pooling = Pooling::kSpans}), (Shape{2, 20}));
  EXPECT_EQ(shape({.pooling = Pooling::kMax, .dimensions = 3}), (Shape{3}));
}

TEST(OutputSelections, CountsLayersSpansAndPositions) {
  Sequence sequence = FivePieces();
  sequence.outputs =
      std::make_shared<std::vector<OutputSpec>>(std::vector<OutputSpec>{
          {.layers = {0, 1}},
          {.layers = {1}, .positions = {0, 0, 0}},
          {.layers = {0, 1, 2}, .pooling = Pooling::kMean},
          {.layers = {0, 1}, .pooling = Pooling::kSpans},
          {.kind = OutputKind::kLogits, .positions = {-1}},
          {.kind = OutputKind::kLogits, .pooling = Pooling::kSpans}});
  EXPECT_EQ(OutputSelections(sequence),
            2 + (1 + 3) + 3 + (2 * 2) + (1 + 1) + 2);
}

TEST(OutputBytes, AddsOutputsInTheirTypes) {
  Sequence sequence = FivePieces();
  sequence.outputs =
      std::make_shared<std::vector<OutputSpec>>(std::vector<OutputSpec>{
          {.layers = {0, 1}},
          {.layers = {1},
           .pooling = Pooling::kMean,
           .dtype = DataType::kFloat16},
          {.kind = OutputKind::kLogits, .positions = {-1}}});
  EXPECT_EQ(OutputBytes(sequence, kWidths),
            (2 * 5 * 8 * 4) + (8 * 2) + (20 * 4));
}

}  // namespace
}  // namespace strata
