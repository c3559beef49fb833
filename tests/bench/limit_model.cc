// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/limit_model.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "c10/core/impl/VirtualGuardImpl.h"
#include "core/base/clock.h"
#include "core/base/status_macros.h"
#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "core/model/config.h"
#include "core/model/examination.h"
#include "core/model/trace.h"
#include "core/tensor/forward_outputs.h"
#include "core/tensor/rows.h"
#include "core/tensor/select.h"
#include "core/tensor/torch_call.h"
#include "tests/bench/process_use.h"
#include "torch/script.h"

namespace strata::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

double SecondsSince(SteadyClock::time_point begin) {
  return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

at::ScalarType ScalarTypeOf(const TraceReport& report) {
  if (report.dtype == "float16") return at::kHalf;
  if (report.dtype == "bfloat16") return at::kBFloat16;
  return at::kFloat;
}

}  // namespace

LimitModel::LimitModel(Trace trace, TraceReport report, std::int64_t padding_id,
                       at::Device device)
    : trace_(std::move(trace)),
      report_(std::move(report)),
      padding_id_(padding_id),
      device_(device) {}

absl::StatusOr<LimitModel> LimitModel::Load(
    const std::filesystem::path& directory, const std::string& device,
    std::int64_t vocabulary) {
  STRATA_ASSIGN_OR_RETURN(const ModelConfig config, ReadModelConfig(directory));
  STRATA_ASSIGN_OR_RETURN(Trace trace, Trace::Load(directory / "model.pt"));
  Examination examination = Examine(trace, config, vocabulary, Clock::Real());
  STRATA_RETURN_IF_ERROR(examination.verdict);
  STRATA_ASSIGN_OR_RETURN(const at::Device place,
                          CallTorch([&] { return at::Device(device); }));
  if (!place.is_cpu()) {
    STRATA_ASSIGN_OR_RETURN(trace, trace.CopyTo(place));
  }
  return LimitModel(std::move(trace), std::move(examination.report),
                    config.padding_id, place);
}

absl::StatusOr<const Trace*> LimitModel::CutTo(int layer) {
  if (layer == report_.layers - 1) return &trace_;
  auto found = cut_.find(layer);
  if (found == cut_.end()) {
    STRATA_ASSIGN_OR_RETURN(Trace cut, trace_.Cut(layer));
    found = cut_.emplace(layer, std::move(cut)).first;
  }
  return &found->second;
}

absl::StatusOr<RowTensors> LimitModel::Assemble(
    std::span<const Sequence* const> sequences, const BatchPlan& batch) const {
  return CallTorch([&] {
    const c10::InferenceMode no_gradients;
    return AssembleRows(sequences, batch, report_.mask(), padding_id_, device_);
  });
}

absl::Status LimitModel::Forward(const Trace& trace,
                                 std::span<const Sequence* const> sequences,
                                 const BatchPlan& batch) const {
  STRATA_ASSIGN_OR_RETURN(const RowTensors rows, Assemble(sequences, batch));
  return trace.Forward(rows).status();
}

absl::Status LimitModel::Synchronize() const {
  if (device_.is_cpu()) return absl::OkStatus();
  return CallTorch([&] {
           const c10::impl::VirtualGuardImpl guard(device_.type());
           guard.synchronizeDevice(device_.index());
           return true;
         })
      .status();
}

absl::StatusOr<Elapsed> LimitModel::Run(
    std::span<const Sequence* const> sequences,
    std::span<const BatchPlan> batches, int layer) {
  STRATA_ASSIGN_OR_RETURN(const Trace* trace, CutTo(layer));
  STRATA_RETURN_IF_ERROR(Synchronize());
  const auto begin = SteadyClock::now();
  const double cpu = OwnCpuSeconds();
  for (const BatchPlan& batch : batches) {
    STRATA_RETURN_IF_ERROR(Forward(*trace, sequences, batch));
  }
  STRATA_RETURN_IF_ERROR(Synchronize());
  return Elapsed{.seconds = SecondsSince(begin),
                 .cpu_seconds = OwnCpuSeconds() - cpu};
}

absl::StatusOr<std::vector<double>> LimitModel::Time(const Sequence& sequence,
                                                     int repeat, int layer) {
  const std::vector<const Sequence*> sequences = {&sequence};
  const std::vector<BatchPlan> batches = {
      {.rows = {{.members = {0}}}, .length = sequence.pieces()}};
  std::vector<double> seconds;
  for (int i = 0; i < repeat; ++i) {
    STRATA_ASSIGN_OR_RETURN(const Elapsed elapsed,
                            Run(sequences, batches, layer));
    seconds.push_back(elapsed.seconds);
  }
  return seconds;
}

template <typename Function>
absl::StatusOr<double> LimitModel::Fastest(int repeat,
                                           const Function& function) const {
  double fastest = std::numeric_limits<double>::infinity();
  for (int i = 0; i < repeat; ++i) {
    STRATA_RETURN_IF_ERROR(Synchronize());
    const auto begin = SteadyClock::now();
    STRATA_RETURN_IF_ERROR(CallTorch([&] {
                             const c10::InferenceMode no_gradients;
                             function();
                             return true;
                           }).status());
    STRATA_RETURN_IF_ERROR(Synchronize());
    fastest = std::min(fastest, SecondsSince(begin));
  }
  return fastest;
}

absl::StatusOr<double> LimitModel::AnswerRate(const Sequence& sequence,
                                              int repeat) {
  Sequence whole = sequence;
  OutputSpec every_layer;
  every_layer.layers.resize(report_.layers);
  std::iota(every_layer.layers.begin(), every_layer.layers.end(), 0);
  whole.outputs = std::make_shared<const std::vector<OutputSpec>>(
      std::vector<OutputSpec>{every_layer});
  const std::vector<const Sequence*> sequences = {&whole};
  const BatchPlan batch = {.rows = {{.members = {0}}},
                           .length = whole.pieces()};
  STRATA_ASSIGN_OR_RETURN(const RowTensors rows, Assemble(sequences, batch));
  STRATA_ASSIGN_OR_RETURN(const ForwardOutputs outputs, trace_.Forward(rows));
  STRATA_ASSIGN_OR_RETURN(const double seconds, Fastest(repeat, [&] {
                            SelectOutputs(outputs, sequences, batch);
                          }));
  const auto bytes = OutputBytes(whole, report_.widths());
  return static_cast<double>(bytes) / seconds;
}

absl::StatusOr<double> LimitModel::CopyRate(std::int64_t bytes,
                                            int repeat) const {
  const bool pinned = !device_.is_cpu();
  STRATA_ASSIGN_OR_RETURN(
      auto tensors, CallTorch([&] {
        const auto options = at::TensorOptions().dtype(at::kByte);
        return std::pair(at::ones({bytes}, options.device(device_)),
                         at::empty({bytes}, options.pinned_memory(pinned)));
      }));
  STRATA_ASSIGN_OR_RETURN(const double seconds, Fastest(repeat, [&] {
                            tensors.second.copy_(tensors.first,
                                                 /*non_blocking=*/true);
                          }));
  return static_cast<double>(bytes) / seconds;
}

absl::StatusOr<double> LimitModel::UploadRate(std::int64_t bytes,
                                              int repeat) const {
  STRATA_ASSIGN_OR_RETURN(
      auto tensors, CallTorch([&] {
        const auto options = at::TensorOptions().dtype(at::kByte);
        return std::pair(at::ones({bytes}, options),
                         at::empty({bytes}, options.device(device_)));
      }));
  STRATA_ASSIGN_OR_RETURN(const double seconds, Fastest(repeat, [&] {
                            tensors.second.copy_(tensors.first);
                          }));
  return static_cast<double>(bytes) / seconds;
}

absl::StatusOr<double> LimitModel::MatrixRate(std::int64_t size,
                                              int repeat) const {
  STRATA_ASSIGN_OR_RETURN(
      auto matrices, CallTorch([&] {
        const auto options =
            at::TensorOptions().dtype(ScalarTypeOf(report_)).device(device_);
        return std::pair(at::ones({size, size}, options),
                         at::empty({size, size}, options));
      }));
  STRATA_ASSIGN_OR_RETURN(const double seconds, Fastest(repeat, [&] {
                            at::matmul_out(matrices.second, matrices.first,
                                           matrices.first);
                          }));
  const auto n = static_cast<double>(size);
  return 2 * n * n * n / seconds;
}

}  // namespace strata::bench
