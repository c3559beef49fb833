// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/torch_runner.h"

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "ATen/Parallel.h"
#include "absl/status/statusor.h"
#include "core/base/host_tensor.h"
#include "core/base/status_macros.h"
#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "core/model/trace.h"
#include "core/tensor/forward_outputs.h"
#include "core/tensor/mask_form.h"
#include "core/tensor/rows.h"
#include "core/tensor/select.h"
#include "core/tensor/torch_call.h"
#include "torch/script.h"

namespace strata {

TorchRunner::TorchRunner(Trace trace, MaskKind mask, std::int64_t padding_id,
                         at::Device device)
    : trace_(std::move(trace)),
      mask_(mask),
      padding_id_(padding_id),
      device_(device) {}

absl::StatusOr<std::vector<std::vector<HostTensor>>> TorchRunner::Run(
    std::span<const Sequence* const> sequences, const BatchPlan& plan) {
  STRATA_ASSIGN_OR_RETURN(const RowTensors rows, CallTorch([&] {
                            const c10::InferenceMode no_gradients;
                            // Else this thread would learn how many threads
                            // LibTorch may use at its first parallel loop, and
                            // kernels before that one would not know.
                            at::init_num_threads();
                            return AssembleRows(sequences, plan, mask_,
                                                padding_id_, device_);
                          }));
  STRATA_ASSIGN_OR_RETURN(const ForwardOutputs outputs, trace_.Forward(rows));
  return CallTorch([&] {
    const c10::InferenceMode no_gradients;
    return SelectOutputs(outputs, sequences, plan);
  });
}

}  // namespace strata
