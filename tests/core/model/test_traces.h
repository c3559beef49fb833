// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_CORE_MODEL_TEST_TRACES_H_
#define STRATA_TESTS_CORE_MODEL_TEST_TRACES_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "core/model/report.h"
#include "core/model/torch_runner.h"
#include "core/model/trace.h"
#include "core/tensor/mask_form.h"
#include "core/tensor/rows.h"
#include "torch/script.h"

namespace strata {

// Of the models that make_traces.py writes.
constexpr int kTestVocabulary = 50;
constexpr int kTestWidth = 16;
constexpr int kTestLayers = 4;
constexpr int kTestPositions = 64;

// The file that make_traces.py wrote as `name`.
std::filesystem::path TestTraceFile(const std::string& name);

// That file loaded, its arguments bound by their names. Fails the test, and
// throws, where it does not load.
Trace LoadTestTrace(const std::string& name);

// A runner of `trace`, which is on `device`, with padding id 0.
TorchRunner RunnerOf(Trace trace, const TraceReport& report,
                     at::Device device = at::kCPU);

// A sequence of these lengths each, of ids that differ, all wanting `outputs`.
std::vector<Sequence> MakeSequences(const std::vector<int>& lengths,
                                    std::vector<OutputSpec> outputs = {});

std::vector<const Sequence*> PointersTo(const std::vector<Sequence>& sequences);

// One row for each of `sequences`, padded to the longest.
BatchPlan PlanRows(const std::vector<Sequence>& sequences);
RowTensors MakeRows(const std::vector<Sequence>& sequences, MaskKind mask,
                    at::Device device = at::kCPU);

}  // namespace strata

#endif  // STRATA_TESTS_CORE_MODEL_TEST_TRACES_H_
