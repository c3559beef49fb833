// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/engine/worker.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/host_tensor.h"
#include "core/base/observer.h"
#include "core/base/thread_pool.h"
#include "core/batch/plan.h"
#include "core/batch/queue.h"
#include "core/batch/request.h"
#include "core/batch/runner.h"
#include "core/model/model.h"

namespace strata {
namespace {

using Item = Queue<Model>::Item;

std::vector<const Sequence*> SequencesOf(const std::vector<Item>& items) {
  std::vector<const Sequence*> sequences;
  sequences.reserve(items.size());
  for (const Item& item : items) sequences.push_back(&item.sequence);
  return sequences;
}

BatchInfo InfoOf(const std::vector<Item>& items, const BatchPlan& plan) {
  BatchInfo info{.rows = static_cast<int>(plan.rows.size())};
  for (const Item& item : items) info.pieces += item.sequence.pieces();
  info.padded_pieces = info.rows * plan.length;
  return info;
}

// A row for each item.
BatchPlan PlanOf(const std::vector<Item>& items) {
  BatchPlan plan;
  for (const Item& item : items) {
    plan.rows.push_back({.members = {static_cast<int>(plan.rows.size())}});
    plan.length = std::max(plan.length, item.sequence.pieces());
  }
  return plan;
}

}  // namespace

Worker::Worker(std::string device, Queue<Model>& queue, ThreadPool& completions,
               const Clock& clock, Observer& observer)
    : device_(std::move(device)),
      queue_(queue),
      completions_(completions),
      clock_(clock),
      observer_(observer) {}

void Worker::Run() {
  const auto runs_here = [this](const Model& model) {
    return RunnerOf(model) != nullptr;
  };
  while (true) {
    std::optional<Batch> batch = queue_.Take(runs_here);
    if (!batch.has_value()) return;
    observer_.OnQueueDepth(queue_.size());
    Runner& runner = *RunnerOf(*batch->lane);
    RunBatch(runner, *std::move(batch));
  }
}

Runner* Worker::RunnerOf(const Model& model) const {
  for (const auto& runner : model.runners) {
    if (runner->Device() == device_) return runner.get();
  }
  return nullptr;
}

void Worker::RunBatch(Runner& runner, Batch batch) {
  const BatchInfo info = InfoOf(batch.items, batch.plan);
  const absl::Time start = clock_.Now();
  auto outputs = runner.Run(SequencesOf(batch.items), batch.plan);
  const absl::Duration compute = clock_.Now() - start;
  observer_.OnBatch(batch.lane->id.name, info, compute);
  if (!outputs.ok() && batch.items.size() > 1) {
    RunHalves(runner, std::move(batch));
    return;
  }
  completions_.Submit([info, start, compute, outputs = std::move(outputs),
                       items = std::move(batch.items)]() mutable {
    if (!outputs.ok()) {
      std::move(items.front().done)(outputs.status());
      return;
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
      std::move(items[i].done)(Computed{.outputs = std::move((*outputs)[i]),
                                        .batch = info,
                                        .queue = start - items[i].arrival,
                                        .compute = compute});
    }
  });
}

void Worker::RunHalves(Runner& runner, Batch batch) {
  const auto middle = batch.items.begin() + std::ssize(batch.items) / 2;
  Batch second{.lane = batch.lane,
               .items = {std::make_move_iterator(middle),
                         std::make_move_iterator(batch.items.end())},
               .plan = {}};
  batch.items.erase(middle, batch.items.end());
  batch.plan = PlanOf(batch.items);
  second.plan = PlanOf(second.items);
  RunBatch(runner, std::move(batch));
  RunBatch(runner, std::move(second));
}

}  // namespace strata
