// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_TORCH_RUNNER_H_
#define STRATA_CORE_MODEL_TORCH_RUNNER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "c10/core/Stream.h"
#include "core/base/host_tensor.h"
#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "core/batch/runner.h"
#include "core/model/report.h"
#include "core/model/trace.h"
#include "core/model/trace_cuts.h"
#include "core/tensor/mask_form.h"
#include "torch/script.h"

namespace strata {

// Runs batches through a trace: assembles rows, runs the forward as deep as the
// batch wants, selects what was asked for. Not thread-safe.
//
// In a packed row one sequence's infinities reach the others, since 0 times
// infinity is not a number. The members of a row that is not finite are
// therefore run again, each in a batch of its own.
//
// An error of a kernel may leave a CUDA context in which nothing runs any more
// ("sticky" errors, as the CUDA runtime's documentation calls them). After any
// failure on a device other than the CPU, that is tried.
class TorchRunner final : public Runner {
 public:
  // `traces` are on `device` and may be other runners' too, unless they write
  // their state; `report` is what their examination found.
  TorchRunner(std::shared_ptr<const TraceCuts> traces,
              const TraceReport& report, std::int64_t padding_id,
              at::Device device);

  std::string Device() const override { return device_.str(); }

  void UseThreads(int threads) override;

  int TakeCompilations() override { return Trace::TakeCompilationsHere(); }

  // On CUDA nullopt: kernels run behind this thread, so that a forward ends
  // when what was selected has been copied.
  std::optional<absl::Duration> forward_time() const override {
    return forward_time_;
  }

 private:
  absl::StatusOr<std::vector<std::vector<HostTensor>>> Compute(
      std::span<const Sequence* const> sequences, const BatchPlan& plan,
      Checkpoint checkpoint) override;
  // Compute, while the device is well.
  absl::StatusOr<std::vector<std::vector<HostTensor>>> RunRows(
      std::span<const Sequence* const> sequences, const BatchPlan& plan,
      Checkpoint checkpoint);
  absl::Status RunAlone(std::span<const Sequence* const> sequences,
                        const BatchPlan& plan, int member,
                        Checkpoint checkpoint,
                        std::vector<std::vector<HostTensor>>& results);

  const std::shared_ptr<const TraceCuts> traces_;
  std::optional<absl::Duration> forward_time_;
  const MaskKind mask_;
  const bool infinity_contained_;
  const std::int64_t padding_id_;
  const at::Device device_;
  // What its forwards run on, beside those of other runners, on CUDA.
  const std::optional<c10::Stream> stream_;
};

}  // namespace strata

#endif  // STRATA_CORE_MODEL_TORCH_RUNNER_H_
