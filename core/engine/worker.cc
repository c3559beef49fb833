// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/engine/worker.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/host_tensor.h"
#include "core/base/observer.h"
#include "core/base/thread_pool.h"
#include "core/batch/cost.h"
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

// Moves the items of `rows` out of `batch`, into one of their own.
Queue<Model>::Batch TakeRows(Queue<Model>::Batch& batch,
                             std::span<const PlanRow> rows) {
  Queue<Model>::Batch part{.lane = batch.lane, .items = {}, .plan = {}};
  for (const PlanRow& row : rows) {
    PlanRow& moved = part.plan.rows.emplace_back();
    int length = 0;
    for (const int member : row.members) {
      moved.members.push_back(static_cast<int>(part.items.size()));
      part.items.push_back(std::move(batch.items[member]));
      length += part.items.back().sequence.pieces();
    }
    part.plan.length = std::max(part.plan.length, length);
  }
  return part;
}

// The rows, or the members of a single row, in two halves.
std::pair<std::vector<PlanRow>, std::vector<PlanRow>> Halve(
    std::vector<PlanRow> rows) {
  if (rows.size() == 1) {
    const std::vector<int>& members = rows[0].members;
    const auto middle = members.begin() + (std::ssize(members) / 2);
    return {{{.members = {members.begin(), middle}}},
            {{.members = {middle, members.end()}}}};
  }
  const auto middle = rows.begin() + (std::ssize(rows) / 2);
  return {{rows.begin(), middle}, {middle, rows.end()}};
}

// What `batch` would have taken to the model's last layer, having taken
// `compute` to the deepest layer that it wants.
absl::Duration WholeForward(absl::Duration compute,
                            const Queue<Model>::Batch& batch) {
  const int depth = batch.lane->report.depth();
  if (!batch.lane->plan_limits.layers_cut) return compute;
  int deepest = 0;
  for (const Item& item : batch.items) {
    deepest = std::max(deepest, item.sequence.layers);
  }
  return deepest < depth ? compute * depth / deepest : compute;
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
  const auto cost_of = [this](const Model& model) -> const CostModel* {
    Runner* const runner = RunnerOf(model);
    return runner == nullptr ? nullptr : &runner->cost();
  };
  while (true) {
    std::optional<Batch> batch = queue_.Take(cost_of);
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
  if (outputs.ok()) {
    runner.cost().Correct({.rows = info.rows,
                           .length = batch.plan.length,
                           .time = WholeForward(compute, batch)});
  }
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
  const auto [first, second] = Halve(batch.plan.rows);
  RunBatch(runner, TakeRows(batch, first));
  RunBatch(runner, TakeRows(batch, second));
}

}  // namespace strata
