// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/tensor/views.h"

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/host_tensor.h"
#include "core/batch/request.h"
#include "core/tensor/forward_outputs.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/host_numbers.h"
#include "torch/script.h"

namespace strata {
namespace {

using ::testing::ElementsAre;

// Three layers of 2 rows of 4 places, 1 wide; layer 2 begins with 200, its
// second row with 204.
ForwardOutputs MakeOutputs() {
  ForwardOutputs outputs;
  for (const int first : {0, 100, 200}) {
    outputs.layers.push_back(
        at::arange(first, first + 8, at::kFloat).view({2, 4, 1}));
  }
  return outputs;
}

Sequence MakeSequence(int pieces, std::vector<OutputSpec> specs) {
  return {.ids = std::vector<std::int64_t>(pieces, 1),
          .outputs = std::make_shared<const std::vector<OutputSpec>>(
              std::move(specs))};
}

Views Find(const ForwardOutputs& outputs,
           const std::vector<Sequence>& sequences) {
  std::vector<const Sequence*> pointers;
  pointers.reserve(sequences.size());
  for (const Sequence& sequence : sequences) pointers.push_back(&sequence);
  return Views::Find(outputs, pointers);
}

TEST(ViewsTest, PointIntoTheLayersAsked) {
  const ForwardOutputs outputs = MakeOutputs();
  const Sequence sequence = MakeSequence(3, {{.layers = {2, 0, 2}}});
  const Views views =
      Find(outputs, {MakeSequence(4, {{.layers = {2, 0}}}), sequence});
  EXPECT_TRUE(views.Shows((*sequence.outputs)[0]));
  const auto tensors = views.Of(sequence, {.row = 1, .begin = 1});
  ASSERT_EQ(tensors.size(), 1);
  EXPECT_THAT(Numbers(tensors[0]),
              ElementsAre(205, 206, 207, 5, 6, 7, 205, 206, 207));
  const auto* const layer =
      static_cast<const std::byte*>(outputs.layers[2].const_data_ptr());
  // Layers 0 and 2, each of eight numbers.
  EXPECT_EQ(tensors[0].owner_bytes, 2 * 8 * sizeof(float));
  ASSERT_EQ(tensors[0].blocks.size(), 3);
  EXPECT_EQ(tensors[0].blocks[0].data(), layer + (5 * sizeof(float)));
}

TEST(ViewsTest, OfASharedBeginningPointThereToo) {
  const ForwardOutputs outputs = MakeOutputs();
  const Sequence sequence = MakeSequence(3, {{.layers = {1}}});
  const Views views =
      Find(outputs, {MakeSequence(4, {{.layers = {1}}}), sequence});
  const auto tensors = views.Of(sequence, {.row = 1, .shared = 2, .begin = 3});
  EXPECT_THAT(Numbers(tensors[0]), ElementsAre(104, 105, 107));
}

TEST(ViewsTest, AreNotOfWhatTheNextForwardOverwrites) {
  ForwardOutputs outputs = MakeOutputs();
  outputs.overwritten_later = true;
  const OutputSpec spec = {.layers = {1}};
  EXPECT_FALSE(Find(outputs, {MakeSequence(4, {spec})}).Shows(spec));
}

TEST(ViewsTest, OutliveTheOutputs) {
  std::vector<HostTensor> tensors;
  {
    const ForwardOutputs outputs = MakeOutputs();
    const Sequence sequence = MakeSequence(4, {{.layers = {1}}});
    tensors = Find(outputs, {sequence}).Of(sequence, {});
  }
  EXPECT_EQ(tensors[0].owner.use_count(), 1);
  EXPECT_THAT(Numbers(tensors[0]), ElementsAre(100, 101, 102, 103));
}

TEST(ViewsTest, AreOnlyWhatAsksForAllNumbersAsTheyAre) {
  const OutputSpec all = {.layers = {1}};
  const std::vector<OutputSpec> others = {
      {.layers = {1}, .positions = {0}},
      {.layers = {1}, .pooling = Pooling::kMean},
      {.layers = {1}, .normalize = true},
      {.layers = {1}, .dimensions = 1},
      {.layers = {1}, .dtype = DataType::kFloat16},
      {.kind = OutputKind::kLogits}};
  std::vector<OutputSpec> specs = others;
  specs.push_back(all);
  const Sequence sequence = MakeSequence(4, specs);
  const ForwardOutputs outputs = MakeOutputs();
  const Views views = Find(outputs, {sequence});
  for (std::size_t i = 0; i < others.size(); ++i) {
    EXPECT_FALSE(views.Shows(others[i])) << i;
    EXPECT_TRUE(views.Of(sequence, {})[i].blocks.empty()) << i;
  }
  EXPECT_TRUE(views.Shows(all));
}

TEST(ViewsTest, AreOfTheTypeOfTheLayers) {
  ForwardOutputs outputs = MakeOutputs();
  outputs.layers[1] = outputs.layers[1].to(at::kBFloat16);
  const OutputSpec low = {.layers = {1}, .dtype = DataType::kBFloat16};
  const OutputSpec exact = {.layers = {1}};
  const Views views = Find(outputs, {MakeSequence(4, {low, exact})});
  EXPECT_TRUE(views.Shows(low));
  EXPECT_FALSE(views.Shows(exact));
}

TEST(ViewsTest, AreNotOfLayersWhosePlacesLieApart) {
  ForwardOutputs outputs = MakeOutputs();
  outputs.layers[1] = at::zeros({2, 4, 2}).narrow(2, 0, 1);
  const OutputSpec apart = {.layers = {0, 1}};
  EXPECT_FALSE(Find(outputs, {MakeSequence(4, {apart})}).Shows(apart));
}

// Two rows of 4 places, of which so many are asked for.
TEST(ViewsTest, KeepAtMostTwiceWhatTheyShow) {
  const ForwardOutputs outputs = MakeOutputs();
  const OutputSpec spec = {.layers = {0, 1}};
  EXPECT_TRUE(Find(outputs, {MakeSequence(4, {spec})}).Shows(spec));
  EXPECT_FALSE(Find(outputs, {MakeSequence(3, {spec})}).Shows(spec));
  EXPECT_TRUE(Find(outputs, {MakeSequence(3, {spec}), MakeSequence(1, {spec})})
                  .Shows(spec));
}

TEST(ViewsTest, CountAMemoryThatLayersShareOnceAndWhole) {
  const at::Tensor memory = at::zeros({4, 1, 4, 1});
  const ForwardOutputs outputs{
      .layers = {memory[0], memory[1], memory[2], memory[3]}};
  const OutputSpec one = {.layers = {3}};
  const OutputSpec two = {.layers = {0, 3}};
  EXPECT_FALSE(Find(outputs, {MakeSequence(4, {one})}).Shows(one));
  EXPECT_TRUE(Find(outputs, {MakeSequence(4, {two})}).Shows(two));
}

}  // namespace
}  // namespace strata
