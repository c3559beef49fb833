// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_TORCH_RUNNER_H_
#define STRATA_CORE_MODEL_TORCH_RUNNER_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/host_tensor.h"
#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "core/batch/runner.h"
#include "core/model/trace.h"
#include "core/tensor/mask_form.h"
#include "torch/script.h"

namespace strata {

// Runs batches through a trace: assembles rows, runs the forward, selects what
// was asked for. Not thread-safe.
class TorchRunner final : public Runner {
 public:
  // `trace` is bound to its arguments and on `device`.
  TorchRunner(Trace trace, MaskKind mask, std::int64_t padding_id,
              at::Device device);

  absl::StatusOr<std::vector<std::vector<HostTensor>>> Run(
      std::span<const Sequence* const> sequences,
      const BatchPlan& plan) override;

  std::string Device() const override { return device_.str(); }

 private:
  const Trace trace_;
  const MaskKind mask_;
  const std::int64_t padding_id_;
  const at::Device device_;
};

}  // namespace strata

#endif  // STRATA_CORE_MODEL_TORCH_RUNNER_H_
