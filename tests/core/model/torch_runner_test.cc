// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/torch_runner.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "ATen/Parallel.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/base/host_tensor.h"
#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "core/model/report.h"
#include "core/model/trace.h"
#include "core/model/trace_cuts.h"
#include "core/tensor/mask_form.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/model/test_traces.h"
#include "tests/fakes/host_bytes.h"
#include "torch/script.h"

namespace strata {
namespace {

// A piece of pairs_nan_piece whose vector is not-a-number.
constexpr std::int64_t kNanPiece = 4;

using Results = std::vector<std::vector<HostTensor>>;

// Of a trace of four layers that can be cut and packed.
TorchRunner MakeRunner(const std::string& name, MaskForm form) {
  return RunnerOf(LoadTestTrace(name),
                  {.mask_form = form, .layers = 4, .layers_cut = true});
}

Results RunBatch(TorchRunner& runner, const std::vector<Sequence>& sequences,
                 const BatchPlan& plan) {
  absl::StatusOr<Results> results = runner.Run(PointersTo(sequences), plan);
  EXPECT_TRUE(results.ok()) << results.status();
  return results.ok() ? *std::move(results) : Results{};
}

Results RunEachAlone(TorchRunner& runner,
                     const std::vector<Sequence>& sequences) {
  Results results;
  for (const Sequence& sequence : sequences) {
    results.push_back(RunBatch(runner, {sequence}, PlanRows({sequence})).at(0));
  }
  return results;
}

at::Tensor AsTensor(const HostTensor& tensor) {
  at::Tensor copy = at::empty(tensor.shape);
  EXPECT_EQ(copy.nbytes(), tensor.bytes());
  std::memcpy(copy.mutable_data_ptr(), Bytes(tensor).data(), copy.nbytes());
  return copy;
}

const std::vector<OutputSpec> kOutputs = {
    {.layers = {0, 3}}, {.layers = {3}, .pooling = Pooling::kMean}};

// Sequences of which the second alone has a number that is none.
std::vector<Sequence> MakeSequencesWithANan(const std::vector<int>& lengths) {
  std::vector<Sequence> sequences = MakeSequences(lengths, kOutputs);
  for (Sequence& sequence : sequences) {
    std::ranges::replace(sequence.ids, kNanPiece, kNanPiece + 1);
  }
  sequences[1].ids[3] = kNanPiece;
  return sequences;
}

TEST(TorchRunnerTest, GivesEachSequenceItsOutputs) {
  TorchRunner runner = MakeRunner("dict", MaskForm::kDict);
  const auto sequences = MakeSequences({4, 7}, kOutputs);
  // The rows stand in another order than the sequences.
  const Results results =
      RunBatch(runner, sequences, {.rows = {{{1}}, {{0}}}, .length = 7});
  ASSERT_EQ(results.size(), 2);
  const Trace trace = LoadTestTrace("dict");
  for (int i = 0; i < 2; ++i) {
    const auto layers =
        trace.Forward(MakeRows({sequences[i]}, MaskForm::kDict)).value().layers;
    ASSERT_EQ(results[i].size(), 2);
    EXPECT_TRUE(at::allclose(AsTensor(results[i][0]),
                             at::stack({layers[0][0], layers[3][0]}), 1e-5,
                             1e-6));
    EXPECT_TRUE(
        at::allclose(AsTensor(results[i][1]), layers[3].mean(1), 1e-5, 1e-6));
  }
}

TEST(TorchRunnerTest, ARowOfSeveralMembersGivesTheSame) {
  TorchRunner runner = MakeRunner("pairs", MaskForm::kPairs);
  const auto sequences = MakeSequences({4, 7, 2}, kOutputs);
  const Results packed =
      RunBatch(runner, sequences, {.rows = {{{2, 0}}, {{1}}}, .length = 7});
  const Results padded = RunBatch(runner, sequences, PlanRows(sequences));
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 2; ++j) {
      EXPECT_TRUE(at::allclose(AsTensor(packed[i][j]), AsTensor(padded[i][j]),
                               1e-5, 1e-6));
    }
  }
}

bool SameBits(const HostTensor& a, const HostTensor& b) {
  return Bytes(a) == Bytes(b);
}

TEST(TorchRunnerTest, AForwardEndsAtTheDeepestLayerThatIsWanted) {
  TorchRunner runner = MakeRunner("pairs", MaskForm::kPairs);
  for (int deepest = 0; deepest < 4; ++deepest) {
    auto sequences = MakeSequences({4, 7}, {{.layers = {0, deepest}}});
    const Results whole = RunBatch(runner, sequences, PlanRows(sequences));
    for (Sequence& sequence : sequences) sequence.layers = deepest + 1;
    const Results cut = RunBatch(runner, sequences, PlanRows(sequences));
    for (int i = 0; i < 2; ++i) {
      EXPECT_TRUE(SameBits(cut[i][0], whole[i][0])) << "layer " << deepest;
    }
  }
}

TEST(TorchRunnerTest, NoShapeOrDepthCompilesAnything) {
  Trace::TakeCompilationsHere();  // Other tests'.
  TorchRunner runner = MakeRunner("pairs", MaskForm::kPairs);
  // The whole and three cuts.
  EXPECT_EQ(runner.TakeCompilations(), 4);
  for (const int length : {1, 2, 17, 40}) {
    for (int layers = 1; layers <= 4; ++layers) {
      auto sequences = MakeSequences({length, 3}, {{.layers = {layers - 1}}});
      for (Sequence& sequence : sequences) sequence.layers = layers;
      RunBatch(runner, sequences, PlanRows(sequences));
      RunBatch(runner, sequences, {.rows = {{{0, 1}}}, .length = length + 3});
    }
  }
  EXPECT_EQ(runner.TakeCompilations(), 0);
}

// Of one set of compiled graphs, in threads of their own.
TEST(TorchRunnerTest, RunnersOfTheSameTracesDoNotDisturbEachOther) {
  const TraceReport report = {
      .mask_form = MaskForm::kPairs, .layers = 4, .layers_cut = true};
  const auto traces =
      std::make_shared<const TraceCuts>(LoadTestTrace("pairs"), report);
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&traces, &report, thread] {
      TorchRunner runner(traces, report, /*padding_id=*/0, at::kCPU);
      auto sequences = MakeSequences({3 + thread, 9}, {{.layers = {0}}});
      for (Sequence& sequence : sequences) sequence.layers = 1 + thread;
      const Results first = RunBatch(runner, sequences, PlanRows(sequences));
      for (int i = 0; i < 50; ++i) {
        const Results next = RunBatch(runner, sequences, PlanRows(sequences));
        EXPECT_TRUE(SameBits(next[0][0], first[0][0]));
        EXPECT_TRUE(SameBits(next[1][0], first[1][0]));
      }
    });
  }
}

// 41 pieces are too many for the last layer's table alone.
TEST(TorchRunnerTest, WhatIsAboveACutDoesNotRun) {
  TorchRunner runner = MakeRunner("short_last_table", MaskForm::kNone);
  auto sequences = MakeSequences({41}, {{.layers = {2}}});
  EXPECT_FALSE(runner.Run(PointersTo(sequences), PlanRows(sequences)).ok());
  sequences[0].layers = 3;
  EXPECT_TRUE(runner.Run(PointersTo(sequences), PlanRows(sequences)).ok());
}

// Piece 4 has a vector of not-a-number: in a row it reaches the others.
TEST(TorchRunnerTest, AMemberThatIsNotFiniteDoesNotReachTheOthersOfItsRow) {
  TorchRunner runner = MakeRunner("pairs_nan_piece", MaskForm::kPairs);
  const auto sequences = MakeSequencesWithANan({4, 7, 2});
  const Results alone = RunEachAlone(runner, sequences);
  const Results packed =
      RunBatch(runner, sequences, {.rows = {{{0, 1, 2}}}, .length = 13});
  for (const int i : {0, 2}) {
    EXPECT_TRUE(AsTensor(packed[i][0]).isfinite().all().item<bool>());
    EXPECT_TRUE(SameBits(packed[i][0], alone[i][0])) << "sequence " << i;
  }
  EXPECT_FALSE(AsTensor(packed[1][0]).isfinite().all().item<bool>());
}

TEST(TorchRunnerTest, TheCopiesOfAMemberThatRunsAgainGetItsNumbers) {
  TorchRunner runner = MakeRunner("pairs_nan_piece", MaskForm::kPairs);
  auto sequences = MakeSequencesWithANan({4, 7, 4});
  sequences[2].ids = sequences[0].ids;
  const Results alone = RunEachAlone(runner, sequences);
  const Results packed = RunBatch(
      runner, sequences,
      {.rows = {{{0, 1}}}, .length = 11, .copies = {{.sequence = 2, .of = 0}}});
  EXPECT_TRUE(SameBits(packed[0][0], alone[0][0]));
  EXPECT_TRUE(SameBits(packed[2][0], alone[0][0]));
}

TEST(TorchRunnerTest, UsesAsManyThreadsAsItIsTold) {
  TorchRunner runner = MakeRunner("pairs", MaskForm::kPairs);
  const auto sequences = MakeSequences({4}, kOutputs);
  std::jthread([&] {
    for (const int threads : {2, 1}) {
      runner.UseThreads(threads);
      RunBatch(runner, sequences, PlanRows(sequences));
      EXPECT_EQ(at::get_num_threads(), threads);
    }
  }).join();
}

TEST(TorchRunnerTest, TellsWhatAForwardTook) {
  TorchRunner runner = MakeRunner("pairs", MaskForm::kPairs);
  const auto sequences = MakeSequences({4, 7}, kOutputs);
  EXPECT_FALSE(runner.forward_time().has_value());
  RunBatch(runner, sequences, PlanRows(sequences));
  EXPECT_GT(runner.forward_time().value_or(absl::ZeroDuration()),
            absl::ZeroDuration());
}

TEST(TorchRunnerTest, AFailureIsAStatusAndTheNextBatchRuns) {
  TorchRunner runner = MakeRunner("pairs", MaskForm::kPairs);
  const auto too_long = MakeSequences({kTestPositions + 1}, kOutputs);
  const absl::Status status =
      runner.Run(PointersTo(too_long), PlanRows(too_long)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ReasonOf(status), Reason::kForwardFailed);
  EXPECT_EQ(status.message(), "index out of range in self");
  const auto good = MakeSequences({kTestPositions}, kOutputs);
  EXPECT_EQ(RunBatch(runner, good, PlanRows(good)).size(), 1);
}

TEST(TorchRunnerTest, AFailureOutsideTheForwardIsAStatusToo) {
  TorchRunner runner = MakeRunner("keys", MaskForm::kKeys);
  const auto sequences = MakeSequences({2, 2}, kOutputs);
  const BatchPlan packed{.rows = {{{0, 1}}}, .length = 4};
  EXPECT_EQ(runner.Run(PointersTo(sequences), packed).status().message(),
            "a row of several sequences needs a [B, 1, T, T] mask");
  const auto beyond = MakeSequences({2}, {{.layers = {3}, .dimensions = 17}});
  EXPECT_EQ(ReasonOf(runner.Run(PointersTo(beyond), PlanRows(beyond)).status()),
            Reason::kForwardFailed);
}

TEST(TorchRunnerTest, NamesItsDevice) {
  EXPECT_EQ(MakeRunner("pairs", MaskForm::kPairs).Device(), "cpu");
}

}  // namespace
}  // namespace strata
