// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_BENCH_LIMIT_MODEL_H_
#define STRATA_TESTS_BENCH_LIMIT_MODEL_H_

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "core/model/report.h"
#include "core/model/trace.h"
#include "core/tensor/rows.h"
#include "torch/script.h"

namespace strata::bench {

// Time that something took, of the wall's clock and of this process's threads.
struct Elapsed {
  double seconds = 0;
  double cpu_seconds = 0;
};

// A model as LibTorch alone runs it: what the server is measured against. Not
// thread-safe.
//
//   STRATA_ASSIGN_OR_RETURN(LimitModel model, LimitModel::Load(
//       "models/minilm/1", "cpu", /*vocabulary=*/30522));
//   model.Run(sequences, SortedBatches(lengths, 512), /*layer=*/6);
class LimitModel {
 public:
  // Loads and examines a model directory as the server does, onto `device`, one
  // of ResolveDevices' names. `vocabulary` is one more than the largest id that
  // will be run.
  static absl::StatusOr<LimitModel> Load(const std::filesystem::path& directory,
                                         const std::string& device,
                                         std::int64_t vocabulary);

  const TraceReport& report() const { return report_; }

  // Runs the batches one after the other up to layer `layer`, whose members
  // index into `sequences`, until the last is done.
  absl::StatusOr<Elapsed> Run(std::span<const Sequence* const> sequences,
                              std::span<const BatchPlan> batches, int layer);

  // Seconds of each of `repeat` forwards of one sequence alone.
  absl::StatusOr<std::vector<double>> Time(const Sequence& sequence, int repeat,
                                           int layer);

  // Selecting every layer of every piece of `sequence` out of a forward's
  // outputs, and copying it to the host: bytes a second, the best of `repeat`.
  absl::StatusOr<double> AnswerRate(const Sequence& sequence, int repeat);

  // Bytes a second of copies of `bytes` from the device into pinned memory, the
  // best of `repeat`; on a CPU, from memory to memory.
  absl::StatusOr<double> CopyRate(std::int64_t bytes, int repeat) const;

  // The same to the device.
  absl::StatusOr<double> UploadRate(std::int64_t bytes, int repeat) const;

  // Floating-point operations a second of products of square matrices of
  // `size`, of the model's type, the best of `repeat`.
  absl::StatusOr<double> MatrixRate(std::int64_t size, int repeat) const;

 private:
  LimitModel(Trace trace, TraceReport report, std::int64_t padding_id,
             at::Device device);

  // The trace that computes the layers 0 to `layer`.
  absl::StatusOr<const Trace*> CutTo(int layer);
  absl::Status Forward(const Trace& trace,
                       std::span<const Sequence* const> sequences,
                       const BatchPlan& batch) const;
  absl::StatusOr<RowTensors> Assemble(
      std::span<const Sequence* const> sequences, const BatchPlan& batch) const;
  // Waits until the device has done all that it was given.
  absl::Status Synchronize() const;
  // Seconds of the fastest of `repeat` calls.
  template <typename Function>
  absl::StatusOr<double> Fastest(int repeat, const Function& function) const;

  Trace trace_;
  std::map<int, Trace> cut_;
  TraceReport report_;
  std::int64_t padding_id_;
  at::Device device_;
};

}  // namespace strata::bench

#endif  // STRATA_TESTS_BENCH_LIMIT_MODEL_H_
