// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/fakes/puppet_runner.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/host_tensor.h"
#include "core/base/mutex.h"
#include "core/base/status_macros.h"
#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "core/batch/runner.h"

namespace strata {
namespace {

// The piece that each vector of an output shows, in order.
std::vector<std::int64_t> ShownIds(const OutputSpec& spec,
                                   const Sequence& sequence) {
  switch (spec.pooling) {
    case Pooling::kNone: {
      if (spec.positions.empty()) return sequence.ids;
      std::vector<std::int64_t> ids;
      ids.reserve(spec.positions.size());
      for (const int position : spec.positions) {
        ids.push_back(sequence.ids.at(
            position < 0 ? position + sequence.pieces() : position));
      }
      return ids;
    }
    case Pooling::kSpans: {
      std::vector<std::int64_t> ids;
      ids.reserve(sequence.spans.size());
      for (const PieceSpan& span : sequence.spans) {
        ids.push_back(sequence.ids.at(span.begin));
      }
      return ids;
    }
    default:
      return {sequence.ids.at(0)};
  }
}

HostTensor MakeOutput(const OutputSpec& spec, const Sequence& sequence,
                      int width) {
  auto numbers = std::make_shared<std::vector<float>>();
  for (const int layer : spec.layers) {
    for (const std::int64_t id : ShownIds(spec, sequence)) {
      numbers->insert(numbers->end(),
                      spec.dimensions == 0 ? width : spec.dimensions,
                      static_cast<float>((std::int64_t{1000} * layer) + id));
    }
  }
  const auto bytes = std::as_bytes(std::span<const float>(*numbers));
  return {.dtype = DataType::kFloat32,
          .shape = OutputShape(spec, sequence, {.hidden_states = width}),
          .owner = numbers,
          .owner_bytes = std::ssize(bytes),
          .blocks = {bytes}};
}

}  // namespace

void PuppetStrings::Hold() {
  MutexLock lock(mutex_);
  holding_ = true;
}

void PuppetStrings::Release(int batches) {
  MutexLock lock(mutex_);
  permits_ += batches;
  changed_.NotifyAll();
}

void PuppetStrings::ReleaseAll() {
  MutexLock lock(mutex_);
  holding_ = false;
  changed_.NotifyAll();
}

void PuppetStrings::AwaitEntered(int batches) {
  MutexLock lock(mutex_);
  while (std::ssize(batches_) < batches) changed_.Wait(mutex_);
}

void PuppetStrings::FailOn(std::int64_t id, absl::Status status) {
  MutexLock lock(mutex_);
  failing_id_ = id;
  failure_ = std::move(status);
}

std::vector<PuppetBatch> PuppetStrings::batches() const {
  MutexLock lock(mutex_);
  return batches_;
}

std::vector<int> PuppetStrings::threads() const {
  MutexLock lock(mutex_);
  return threads_;
}

absl::Status PuppetStrings::Enter(std::span<const Sequence* const> sequences,
                                  const BatchPlan& plan) {
  PuppetBatch batch{.pieces = {}, .length = plan.length};
  for (const PlanRow& row : plan.rows) {
    for (const int member : row.members) {
      batch.pieces.push_back(sequences[member]->pieces());
    }
  }
  MutexLock lock(mutex_);
  batches_.push_back(std::move(batch));
  changed_.NotifyAll();
  while (holding_ && permits_ == 0) changed_.Wait(mutex_);
  if (holding_) --permits_;
  const std::int64_t failing = failing_id_;
  const auto holds_it = [failing](const Sequence* sequence) {
    return std::ranges::find(sequence->ids, failing) != sequence->ids.end();
  };
  const bool fails = std::ranges::any_of(sequences, holds_it);
  return fails ? failure_ : absl::OkStatus();
}

PuppetRunner::PuppetRunner(int width, std::shared_ptr<PuppetStrings> strings,
                           std::string device)
    : width_(width), strings_(std::move(strings)), device_(std::move(device)) {}

void PuppetRunner::UseThreads(int threads) {
  MutexLock lock(strings_->mutex_);
  strings_->threads_.push_back(threads);
}

absl::StatusOr<std::vector<std::vector<HostTensor>>> PuppetRunner::Compute(
    std::span<const Sequence* const> sequences, const BatchPlan& plan,
    Checkpoint checkpoint) {
  STRATA_RETURN_IF_ERROR(strings_->Enter(sequences, plan));
  if (!checkpoint()) return absl::CancelledError("ended at the checkpoint");
  std::vector<std::vector<HostTensor>> results;
  for (const Sequence* sequence : sequences) {
    std::vector<HostTensor> outputs;
    for (const OutputSpec& spec : *sequence->outputs) {
      outputs.push_back(MakeOutput(spec, *sequence, width_));
    }
    results.push_back(std::move(outputs));
  }
  return results;
}

}  // namespace strata
