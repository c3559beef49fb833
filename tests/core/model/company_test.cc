// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0
//
// The promise that results do not depend on company, on random batches: the
// same sequence gives the same numbers alone, in any row of any batch that the
// plan may choose, and packed into a row with others.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/host_tensor.h"
#include "core/batch/cost.h"
#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "core/model/torch_runner.h"
#include "core/tensor/mask_form.h"
#include "gtest/gtest.h"
#include "tests/core/model/test_traces.h"
#include "tests/fakes/host_numbers.h"
#include "torch/script.h"

namespace strata {
namespace {

constexpr double kTolerance = 1e-5;
constexpr int kMostMembers = 6;
constexpr int kLongest = 32;

struct TraceCase {
  std::string name;
  MaskForm form;
  bool padding_exact = true;
  bool takes_types = false;
  // Which tensor beside the layers they are.
  std::optional<std::size_t> logits = std::nullopt;
  bool sharing_exact = false;
};

// 1,200 in all.
constexpr int kRounds = 100;
const std::vector<TraceCase> kTraces = {
    {"pairs", MaskForm::kPairs, /*padding_exact=*/true, /*takes_types=*/false,
     /*logits=*/std::nullopt, /*sharing_exact=*/true},
    {"types", MaskForm::kPairs, /*padding_exact=*/true, /*takes_types=*/true},
    {"buffer_view", MaskForm::kPairs},
    {"constant_view", MaskForm::kPairs},
    {"keys", MaskForm::kKeys},
    {"pieces", MaskForm::kPieces},
    {"dict", MaskForm::kDict},
    {"unmasked_causal", MaskForm::kNone},
    {"unmasked_encoder", MaskForm::kNone, /*padding_exact=*/false},
    {"mask_ignored", MaskForm::kPairs, /*padding_exact=*/false},
    {"cache_logits", MaskForm::kNone, /*padding_exact=*/true,
     /*takes_types=*/false, /*logits=*/1},
    {"flat", MaskForm::kNone, /*padding_exact=*/true, /*takes_types=*/false,
     /*logits=*/0},
    {"auxiliary", MaskForm::kNone, /*padding_exact=*/true,
     /*takes_types=*/false, /*logits=*/1},
};

class CompanyTest : public testing::TestWithParam<TraceCase> {
 protected:
  int Below(int limit) { return static_cast<int>(random_() % limit); }

  // All layers of every piece, and the logits where there are some.
  static std::shared_ptr<const std::vector<OutputSpec>> Outputs() {
    std::vector<OutputSpec> outputs;
    outputs.reserve(kTestLayers + 1);
    for (int layer = 0; layer < kTestLayers; ++layer) {
      outputs.push_back({.layers = {layer}});
    }
    if (GetParam().logits.has_value()) {
      outputs.push_back({.kind = OutputKind::kLogits});
    }
    return std::make_shared<const std::vector<OutputSpec>>(std::move(outputs));
  }

  std::vector<Sequence> RandomSequences() {
    const auto outputs = Outputs();
    std::vector<Sequence> sequences(1 + Below(kMostMembers));
    // Few lengths, so that those that may not be padded meet their equals.
    const int lengths = 1 + Below(3);
    std::vector<int> choices(lengths);
    for (int& length : choices) length = 1 + Below(kLongest);
    for (Sequence& sequence : sequences) {
      sequence.ids.resize(choices[Below(lengths)]);
      for (auto& id : sequence.ids) id = Below(kTestVocabulary);
      if (GetParam().takes_types) {
        for (std::size_t i = 0; i < sequence.ids.size(); ++i) {
          sequence.type_ids.push_back(Below(2));
        }
      }
      sequence.outputs = outputs;
    }
    ShareBeginnings(sequences);
    return sequences;
  }

  // Has some begin as the first does.
  void ShareBeginnings(std::vector<Sequence>& sequences) {
    for (Sequence& sequence : sequences) {
      if (Below(2) == 0) continue;
      const int shared =
          Below(std::min(sequence.pieces(), sequences[0].pieces()));
      std::copy_n(sequences[0].ids.begin(), shared, sequence.ids.begin());
    }
  }

  // What the server would do of its own.
  BatchPlan Planned(const std::vector<Sequence>& sequences) {
    std::vector<PlanItem> waiting;
    waiting.reserve(sequences.size());
    for (const auto& sequence : sequences) {
      waiting.push_back(
          {.pieces = sequence.pieces(), .shareable = sequence.ids});
    }
    return PlanBatch(waiting,
                     {.max_row_pieces = kTestPositions,
                      .padding_exact = GetParam().padding_exact,
                      .packing_exact = GetParam().padding_exact &&
                                       GetParam().form == MaskForm::kPairs,
                      .prefix_sharing_exact = GetParam().sharing_exact},
                     CostModel(Below(1000)));
  }

  // All of them, in any order, in rows of any length from what they need, with
  // others in the row where the mask can keep them apart.
  BatchPlan Shuffled(const std::vector<Sequence>& sequences) {
    std::vector<int> order(sequences.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::shuffle(order, random_);
    const bool pack = GetParam().form == MaskForm::kPairs;
    BatchPlan plan;
    std::vector<int> filled;
    for (const int member : order) {
      const int pieces = sequences[member].pieces();
      if (plan.rows.empty() || !pack || Below(2) == 0 ||
          filled.back() + pieces > kTestPositions) {
        plan.rows.emplace_back();
        filled.push_back(0);
      }
      plan.rows.back().members.push_back(member);
      filled.back() += pieces;
    }
    plan.length = std::ranges::max(filled) + Below(4);
    return plan;
  }

  std::mt19937 random_;
};

// The largest ||ours - alone|| / ||alone|| of a piece.
double WorstError(const HostTensor& ours, const HostTensor& alone) {
  EXPECT_EQ(ours.shape, alone.shape);
  const std::vector<float> a = Numbers(ours);
  const std::vector<float> b = Numbers(alone);
  const auto width = static_cast<std::size_t>(alone.shape.back());
  double worst = 0;
  for (std::size_t piece = 0; piece < b.size(); piece += width) {
    double difference = 0;
    double norm = 0;
    for (std::size_t i = piece; i < piece + width; ++i) {
      difference += std::pow(static_cast<double>(a[i]) - b[i], 2);
      norm += std::pow(static_cast<double>(b[i]), 2);
    }
    const double error = std::sqrt(difference / norm);
    if (std::isnan(error)) return error;
    worst = std::max(worst, error);
  }
  return worst;
}

using Results = std::vector<std::vector<HostTensor>>;

// Runs `plan` over those of `sequences` that it names, which are then all that
// `Run` gets; the result of member m is at its place in plan order.
void ExpectAsAlone(TorchRunner& runner, const std::vector<Sequence>& sequences,
                   BatchPlan plan, const Results& alone) {
  std::vector<const Sequence*> members;
  std::vector<int> names;
  for (PlanRow& row : plan.rows) {
    for (int& member : row.members) {
      names.push_back(member);
      members.push_back(&sequences[member]);
      member = static_cast<int>(members.size()) - 1;
    }
  }
  const absl::StatusOr<Results> together = runner.Run(members, plan);
  ASSERT_TRUE(together.ok()) << together.status();
  for (std::size_t i = 0; i < members.size(); ++i) {
    for (std::size_t output = 0; output < (*together)[i].size(); ++output) {
      EXPECT_LE(WorstError((*together)[i][output], alone[names[i]][output]),
                kTolerance)
          << "sequence " << names[i] << " of " << members[i]->pieces()
          << " pieces, output " << output;
    }
  }
}

TEST_P(CompanyTest, GivesTheSameNumbersAsAlone) {
  Trace trace = LoadTestTrace(GetParam().name);
  const std::optional<std::size_t> logits = GetParam().logits;
  if (logits.has_value()) trace.SetLogits(*logits);
  TorchRunner runner =
      RunnerOf(std::move(trace), {.mask_form = GetParam().form});
  for (int seed = 0; seed < kRounds && !HasFailure(); ++seed) {
    SCOPED_TRACE(testing::Message() << GetParam().name << ", seed " << seed);
    random_.seed(seed);
    const std::vector<Sequence> sequences = RandomSequences();
    Results alone;
    for (const Sequence& sequence : sequences) {
      const absl::StatusOr<Results> result =
          runner.Run(std::vector{&sequence},
                     {.rows = {{{0}}}, .length = sequence.pieces()});
      ASSERT_TRUE(result.ok()) << result.status();
      alone.push_back(result->front());
    }
    ExpectAsAlone(runner, sequences, Planned(sequences), alone);
    // Of a trace that sees padding, only what the plan keeps apart is exact.
    if (GetParam().padding_exact) {
      ExpectAsAlone(runner, sequences, Shuffled(sequences), alone);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Traces, CompanyTest, testing::ValuesIn(kTraces),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace strata
