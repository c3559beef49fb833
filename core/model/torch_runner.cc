// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/torch_runner.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "ATen/Parallel.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "c10/core/StreamGuard.h"
#include "c10/core/impl/VirtualGuardImpl.h"
#include "core/base/error.h"
#include "core/base/host_tensor.h"
#include "core/base/status_macros.h"
#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "core/model/report.h"
#include "core/model/trace_cuts.h"
#include "core/tensor/forward_outputs.h"
#include "core/tensor/mask_form.h"
#include "core/tensor/rows.h"
#include "core/tensor/select.h"
#include "core/tensor/threads.h"
#include "core/tensor/torch_call.h"
#include "torch/script.h"

namespace strata {
namespace {

// The rows of `plan` in which a number of the deepest layer is not finite: what
// is not in one layer is not in those above it either. Places that pad a row
// see themselves alone and do not count.
std::vector<PlanRow> SpoiledRows(const ForwardOutputs& outputs,
                                 std::span<const Sequence* const> sequences,
                                 const BatchPlan& plan) {
  const std::vector<int> pieces = PiecesOf(sequences);
  std::vector<at::Tensor> sums;
  sums.reserve(plan.rows.size());
  for (std::size_t i = 0; i < plan.rows.size(); ++i) {
    // One pass, where isfinite would take three. A sum that overflows costs
    // another forward and no more.
    sums.push_back(outputs.layers.back()[static_cast<std::int64_t>(i)]
                       .narrow(0, 0, FilledPlaces(plan.rows[i], pieces))
                       .sum(at::kFloat));
  }
  const at::Tensor finite = at::stack(sums).isfinite().cpu();
  std::vector<PlanRow> spoiled;
  for (std::size_t i = 0; i < plan.rows.size(); ++i) {
    const bool row_is_finite =
        finite[static_cast<std::int64_t>(i)].item<bool>();
    if (!row_is_finite && plan.rows[i].members.size() > 1) {
      spoiled.push_back(plan.rows[i]);
    }
  }
  return spoiled;
}

// Whether a device computes: after a sticky error of its context it does not.
bool DeviceAnswers(at::Device device) {
  const auto answer = CallTorch([&] {
    const c10::InferenceMode no_gradients;
    return at::ones({1}, at::device(device)).add(1).cpu();
  });
  return answer.ok() || absl::IsResourceExhausted(answer.status());
}

std::optional<c10::Stream> StreamOn(at::Device device) {
  if (!device.is_cuda()) return std::nullopt;
  return c10::impl::VirtualGuardImpl(device.type())
      .getStreamFromGlobalPool(device);
}

}  // namespace

TorchRunner::TorchRunner(std::shared_ptr<const TraceCuts> traces,
                         const TraceReport& report, std::int64_t padding_id,
                         at::Device device)
    : traces_(std::move(traces)),
      mask_(report.mask()),
      infinity_contained_(report.infinity_contained),
      padding_id_(padding_id),
      device_(device),
      stream_(StreamOn(device)) {}

void TorchRunner::UseThreads(int threads) {
  if (device_.is_cpu()) UseThreadsHere(threads);
}

absl::StatusOr<std::vector<std::vector<HostTensor>>> TorchRunner::Compute(
    std::span<const Sequence* const> sequences, const BatchPlan& plan,
    Checkpoint checkpoint) {
  const c10::OptionalStreamGuard stream(stream_);
  auto results = RunRows(sequences, plan, checkpoint);
  if (results.ok() || device_.is_cpu() || DeviceAnswers(device_)) {
    return results;
  }
  return Error(
      Reason::kDeviceLost,
      absl::StrCat(device_.str(), " computes nothing any more, since: ",
                   results.status().message(),
                   "; send the request to another server"));
}

absl::StatusOr<std::vector<std::vector<HostTensor>>> TorchRunner::RunRows(
    std::span<const Sequence* const> sequences, const BatchPlan& plan,
    Checkpoint checkpoint) {
  STRATA_ASSIGN_OR_RETURN(const RowTensors rows, CallTorch([&] {
                            const c10::InferenceMode no_gradients;
                            // Kernels before this thread's first parallel
                            // loop would not know how many threads to use.
                            at::get_num_threads();
                            return AssembleRows(sequences, plan, mask_,
                                                padding_id_, device_);
                          }));
  const auto start = std::chrono::steady_clock::now();
  // Elsewhere this thread only queues kernels.
  const auto forward =
      traces_->To(LayersOf(sequences))
          .Forward(rows, device_.is_cpu() ? checkpoint : Checkpoint(GoOn));
  const auto took = std::chrono::steady_clock::now() - start;
  STRATA_ASSIGN_OR_RETURN(const ForwardOutputs outputs, forward);
  std::vector<PlanRow> spoiled;
  STRATA_ASSIGN_OR_RETURN(auto results, CallTorch([&] {
                            const c10::InferenceMode no_gradients;
                            if (IsPacked(plan) && !infinity_contained_) {
                              spoiled = SpoiledRows(outputs, sequences, plan);
                            }
                            return SelectOutputs(outputs, sequences, plan);
                          }));
  for (const PlanRow& row : spoiled) {
    for (const int member : row.members) {
      STRATA_RETURN_IF_ERROR(
          RunAlone(sequences, plan, member, checkpoint, results));
    }
  }
  // After the last of the forwards that ran in between or again.
  if (device_.is_cpu()) forward_time_ = absl::FromChrono(took);
  return results;
}

absl::Status TorchRunner::RunAlone(
    std::span<const Sequence* const> sequences, const BatchPlan& plan,
    int member, Checkpoint checkpoint,
    std::vector<std::vector<HostTensor>>& results) {
  BatchPlan alone{
      .rows = {{{0}}}, .length = sequences[member]->pieces(), .copies = {}};
  std::vector<int> indices = {member};
  for (const PlanCopy& copy : plan.copies) {
    if (copy.of != member) continue;
    alone.copies.push_back(
        {.sequence = static_cast<int>(std::ssize(indices)), .of = 0});
    indices.push_back(copy.sequence);
  }
  std::vector<const Sequence*> same;
  same.reserve(indices.size());
  for (const int index : indices) same.push_back(sequences[index]);
  STRATA_ASSIGN_OR_RETURN(auto again, Run(same, alone, checkpoint));
  for (std::size_t i = 0; i < indices.size(); ++i) {
    results[indices[i]] = std::move(again[i]);
  }
  return absl::OkStatus();
}

}  // namespace strata
