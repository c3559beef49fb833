// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// Traces that were made on a CPU, run on a CUDA device. Skipped, and says so,
// where there is none.

#include <cstddef>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/clock.h"
#include "core/base/host_tensor.h"
#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "core/model/examination.h"
#include "core/model/loader.h"
#include "core/model/report.h"
#include "core/model/torch_runner.h"
#include "core/model/trace.h"
#include "core/tensor/mask_form.h"
#include "gtest/gtest.h"
#include "tests/core/model/test_traces.h"
#include "tests/fakes/host_bytes.h"
#include "torch/script.h"

namespace strata {
namespace {

struct GpuCase {
  std::string name;
  MaskForm form;
};

class GpuTest : public testing::TestWithParam<GpuCase> {};

at::Tensor AsTensor(const HostTensor& tensor) {
  at::Tensor copy = at::empty(tensor.shape);
  std::memcpy(copy.mutable_data_ptr(), Bytes(tensor).data(), copy.nbytes());
  return copy;
}

TEST_P(GpuTest, ATraceMadeOnTheCpuGivesItsNumbers) {
  const auto devices = ResolveDevices("cuda");
  if (!devices.ok()) GTEST_SKIP() << devices.status().message();
  const std::vector<Sequence> sequences = MakeSequences(
      {9, 4, 17},
      {{.layers = {0, 1, 2, 3}},
       {.layers = {3}, .pooling = Pooling::kMean, .normalize = true}});
  const TraceReport report{.mask_form = GetParam().form};
  TorchRunner cpu = RunnerOf(LoadTestTrace(GetParam().name), report);
  const auto expected =
      cpu.Run(PointersTo(sequences), PlanRows(sequences)).value();
  for (const std::string& name : *devices) {
    const at::Device device(name);
    absl::StatusOr<Trace> trace = LoadTestTrace(GetParam().name).CopyTo(device);
    ASSERT_TRUE(trace.ok()) << trace.status();
    TorchRunner gpu = RunnerOf(*std::move(trace), report, device);
    EXPECT_EQ(gpu.Device(), name);
    const auto results = gpu.Run(PointersTo(sequences), PlanRows(sequences));
    ASSERT_TRUE(results.ok()) << results.status();
    for (std::size_t i = 0; i < sequences.size(); ++i) {
      for (std::size_t j = 0; j < 2; ++j) {
        EXPECT_TRUE(at::allclose(AsTensor((*results)[i][j]),
                                 AsTensor(expected[i][j]), 1e-4, 1e-5))
            << name << ", sequence " << i << ", output " << j;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Forms, GpuTest,
                         testing::Values(GpuCase{"pairs", MaskForm::kPairs},
                                         GpuCase{"keys", MaskForm::kKeys},
                                         GpuCase{"pieces", MaskForm::kPieces},
                                         GpuCase{"dict", MaskForm::kDict},
                                         GpuCase{"unmasked_causal",
                                                 MaskForm::kNone}),
                         [](const auto& info) { return info.param.name; });

// A trace that the CPU examined, with what was found out about it.
class ExaminedGpuTest : public testing::TestWithParam<std::string> {};

// The relative error of all of `ours` against `theirs`.
double Error(const HostTensor& ours, const HostTensor& theirs) {
  const at::Tensor exact = AsTensor(theirs);
  return ((AsTensor(ours) - exact).norm() / exact.norm()).item<double>();
}

TEST_P(ExaminedGpuTest, GivesTheCpusNumbersPaddedAndPacked) {
  const auto devices = ResolveDevices("cuda");
  if (!devices.ok()) GTEST_SKIP() << devices.status().message();
  Trace trace = Trace::Load(TestTraceFile(GetParam())).value();
  const Examination examination =
      Examine(trace, {}, kTestVocabulary, Clock::Real());
  ASSERT_TRUE(examination.verdict.ok()) << examination.verdict;
  const TraceReport& report = examination.report;
  const auto sequences = MakeSequences({9, 4, 17}, {{.layers = {0, 1, 2, 3}}});
  std::vector<BatchPlan> plans = {PlanRows(sequences)};
  if (report.packing_exact) {
    plans.push_back({.rows = {{{2, 0}}, {{1}}}, .length = 30});
  }
  absl::StatusOr<Trace> placed = trace.CopyTo(at::Device(devices->front()));
  ASSERT_TRUE(placed.ok()) << placed.status();
  TorchRunner gpu =
      RunnerOf(*std::move(placed), report, at::Device(devices->front()));
  TorchRunner cpu = RunnerOf(std::move(trace), report);
  const double tolerance = report.dtype == "float32" ? 1e-4 : 0.02;
  for (const BatchPlan& plan : plans) {
    const auto expected = cpu.Run(PointersTo(sequences), plan).value();
    const auto results = gpu.Run(PointersTo(sequences), plan);
    ASSERT_TRUE(results.ok()) << results.status();
    for (std::size_t i = 0; i < sequences.size(); ++i) {
      EXPECT_LE(Error((*results)[i][0], expected[i][0]), tolerance)
          << "sequence " << i << " of " << plan.rows.size() << " rows";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Traces, ExaminedGpuTest,
                         testing::Values("pairs", "pairs_bfloat16",
                                         "pairs_float16", "dict",
                                         "integer_mask", "float_mask",
                                         "padded_nan"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace strata
