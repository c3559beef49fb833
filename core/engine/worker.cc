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

#include "absl/status/status.h"
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

BatchInfo InfoOf(std::span<const Sequence* const> sequences,
                 const BatchPlan& plan) {
  const std::vector<int> pieces = PiecesOf(sequences);
  BatchInfo info{.rows = static_cast<int>(plan.rows.size())};
  for (const PlanRow& row : plan.rows) {
    info.pieces += FilledPlaces(row, pieces);
  }
  info.padded_pieces = info.rows * plan.length;
  return info;
}

// Moves the items of `rows` out of `batch`, with their copies, into one of
// their own.
Queue<Model>::Batch TakeRows(Queue<Model>::Batch& batch,
                             std::span<const PlanRow> rows) {
  Queue<Model>::Batch part{.lane = batch.lane, .items = {}, .plan = {}};
  const auto take = [&](int index) {
    part.items.push_back(std::move(batch.items[index]));
    return static_cast<int>(std::ssize(part.items)) - 1;
  };
  for (PlanRow row : rows) {
    for (int& member : row.members) {
      const int before = member;
      member = take(before);
      for (const PlanCopy& copy : batch.plan.copies) {
        if (copy.of != before) continue;
        part.plan.copies.push_back(
            {.sequence = take(copy.sequence), .of = member});
      }
    }
    part.plan.rows.push_back(std::move(row));
  }
  const std::vector<int> pieces = PiecesOf(SequencesOf(part.items));
  for (const PlanRow& row : part.plan.rows) {
    part.plan.length = std::max(part.plan.length, FilledPlaces(row, pieces));
  }
  return part;
}

// The rows, or the members of a single row, in two halves.
std::pair<std::vector<PlanRow>, std::vector<PlanRow>> Halve(
    std::vector<PlanRow> rows) {
  if (rows.size() == 1) {
    const auto& [members, shared] = rows[0];
    const auto middle = members.begin() + (std::ssize(members) / 2);
    return {{{.members = {members.begin(), middle}, .shared = shared}},
            {{.members = {middle, members.end()}, .shared = shared}}};
  }
  const auto middle = rows.begin() + (std::ssize(rows) / 2);
  return {{rows.begin(), middle}, {middle, rows.end()}};
}

// What a forward of `sequences` would have taken to the last layer of `model`,
// having taken `compute` to the deepest layer that they want.
absl::Duration WholeForward(absl::Duration compute, const Model& model,
                            std::span<const Sequence* const> sequences) {
  if (!model.plan_limits.layers_cut) return compute;
  const int depth = model.report.depth();
  const int deepest = LayersOf(sequences);
  return deepest < depth ? compute * depth / deepest : compute;
}

}  // namespace

Worker::Worker(DeviceInstance instance, Queue<Model>& queue,
               ThreadPool& completions, const Clock& clock, Observer& observer)
    : instance_(std::move(instance)),
      queue_(queue),
      completions_(completions),
      clock_(clock),
      observer_(observer) {}

void Worker::Run() {
  const auto cost_of = [this](const Model& model) -> std::optional<DeviceCost> {
    Runner* const runner = RunnerOf(model);
    if (runner == nullptr) return std::nullopt;
    return DeviceCost{.cost = &runner->cost(),
                      .most_places = runner->most_places()};
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
  int before = instance_.instance;
  for (const auto& runner : model.runners) {
    if (runner->Device() == instance_.device && before-- == 0) {
      return runner.get();
    }
  }
  return nullptr;
}

void Worker::RunBatch(Runner& runner, Batch batch) {
  const std::vector<const Sequence*> sequences = SequencesOf(batch.items);
  const BatchInfo info = InfoOf(sequences, batch.plan);
  const absl::Time start = clock_.Now();
  const int compiled = runner.compilations();
  auto outputs = runner.Run(sequences, batch.plan);
  const absl::Duration compute = clock_.Now() - start;
  observer_.OnBatch(batch.lane->id.name, info, compute);
  if (const int more = runner.compilations() - compiled; more > 0) {
    observer_.OnCompilations(batch.lane->id.name, more);
  }
  if (outputs.ok()) {
    runner.OnRan(info.padded_pieces);
    runner.cost().Correct(
        {.rows = info.rows,
         .length = batch.plan.length,
         .time = WholeForward(compute, *batch.lane, sequences)});
  }
  if (absl::IsResourceExhausted(outputs.status())) {
    runner.OnTooLarge(info.padded_pieces);
  }
  // All but the copies of a single sequence.
  if (!outputs.ok() && batch.items.size() > batch.plan.copies.size() + 1) {
    RunHalves(runner, std::move(batch));
    return;
  }
  completions_.Submit([info, start, compute, outputs = std::move(outputs),
                       items = std::move(batch.items)]() mutable {
    if (!outputs.ok()) {
      for (Item& item : items) std::move(item.done)(outputs.status());
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
