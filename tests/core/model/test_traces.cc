// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/core/model/test_traces.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ATen/Parallel.h"
#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "core/model/config.h"
#include "core/model/report.h"
#include "core/model/signature.h"
#include "core/model/torch_runner.h"
#include "core/model/trace.h"
#include "core/model/trace_cuts.h"
#include "core/tensor/mask_form.h"
#include "core/tensor/rows.h"
#include "torch/csrc/jit/runtime/graph_executor.h"
#include "torch/script.h"

namespace strata {
namespace {

// As the server does (see InitializeTorch), and on one thread: many test
// processes run side by side.
[[maybe_unused]] const bool kTorchIsSetUp = [] {
  at::set_num_threads(1);
  torch::jit::getProfilingMode() = false;
  return true;
}();

}  // namespace

std::filesystem::path TestTraceFile(const std::string& name) {
  return std::filesystem::path(STRATA_TEST_TRACES) / (name + ".pt");
}

Trace LoadTestTrace(const std::string& name) {
  Trace trace = Trace::Load(TestTraceFile(name)).value();
  trace.Bind(AssignRoles(trace.schema(), ModelConfig{}).value());
  return trace;
}

TorchRunner RunnerOf(Trace trace, const TraceReport& report,
                     at::Device device) {
  return {std::make_shared<const TraceCuts>(std::move(trace), report), report,
          /*padding_id=*/0, device};
}

std::vector<Sequence> MakeSequences(const std::vector<int>& lengths,
                                    std::vector<OutputSpec> outputs) {
  const auto shared =
      std::make_shared<const std::vector<OutputSpec>>(std::move(outputs));
  std::vector<Sequence> sequences;
  int id = 1;
  for (const int length : lengths) {
    Sequence& sequence = sequences.emplace_back();
    sequence.outputs = shared;
    for (int i = 0; i < length; ++i) {
      sequence.ids.push_back(id = (id * 7 + 3) % kTestVocabulary);
    }
  }
  return sequences;
}

std::vector<const Sequence*> PointersTo(
    const std::vector<Sequence>& sequences) {
  std::vector<const Sequence*> pointers;
  pointers.reserve(sequences.size());
  for (const Sequence& sequence : sequences) pointers.push_back(&sequence);
  return pointers;
}

BatchPlan PlanRows(const std::vector<Sequence>& sequences) {
  return PlanUnpacked(PiecesOf(PointersTo(sequences)));
}

RowTensors MakeRows(const std::vector<Sequence>& sequences, MaskKind mask,
                    at::Device device) {
  return AssembleRows(PointersTo(sequences), PlanRows(sequences), mask,
                      /*padding_id=*/0, device);
}

}  // namespace strata
