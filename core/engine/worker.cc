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
#include "core/base/error.h"
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

// A forward of fewer layers says little of what a whole one takes: too much of
// it does not depend on them.
constexpr double kLeastShare = 0.5;

bool IsWanted(const Item& item, absl::Time now) {
  return !item.stop.stop_requested() && now < item.deadline;
}

// Why nobody waits for an item.
absl::Status WhyUnwanted(const Item& item) {
  if (item.stop.stop_requested()) {
    return Error(Reason::kCallerCancelled,
                 "the caller cancelled while the input was computed");
  }
  return Error(Reason::kDeadlinePassed,
               "the deadline passed while the input was computed");
}

}  // namespace

Worker::Worker(int number, Queue<Model>& queue, CpuShare& cpus,
               ThreadPool& completions, Supervisor& supervisor,
               const Clock& clock, Observer& observer)
    : number_(number),
      instance_(supervisor.instance(number)),
      queue_(queue),
      cpus_(cpus),
      completions_(completions),
      supervisor_(supervisor),
      progress_(supervisor.progress(number)),
      clock_(clock),
      observer_(observer) {}

struct Worker::Running {
  const Batch& batch;
  absl::Time start;
  // What the forward is predicted to take by itself; 0: not known.
  absl::Duration predicted;
  // What others have taken before its end.
  absl::Duration interrupted;
  // When it came to the checkpoint at which it is.
  absl::Time paused;
  // What it interrupts; nullptr: nothing.
  const Running* around = nullptr;

  // What it is predicted to take yet, at a checkpoint.
  absl::Duration remaining(absl::Time now) const {
    return predicted - (now - start - interrupted);
  }

  int priority() const {
    return std::ranges::max_element(batch.items, {}, &Item::priority)->priority;
  }
};

void Worker::Run() {
  const auto cost_of = [this](const Model& model) { return CostOf(model); };
  const bool shares = instance_.device == "cpu";
  // From batch to batch: else the others would take its CPUs for an instant.
  bool entered = false;
  const auto leave = [&] {
    if (entered) cpus_.Leave();
    entered = false;
  };
  while (lost_.ok()) {
    std::optional<Batch> batch = queue_.Take(cost_of, leave);
    if (!batch.has_value()) return;
    if (shares && !entered) cpus_.Enter();
    entered = shares;
    RunTaken(*std::move(batch));
  }
  leave();
}

void Worker::RunTaken(Batch batch) {
  observer_.OnQueueDepth(queue_.size());
  progress_.Begin(batch.lane->id.name, BatchAnswers::Between(batch.items));
  Runner& runner = *instance_.RunnerOf(*batch.lane);
  RunBatch(runner, std::move(batch));
  progress_.End();
}

std::optional<DeviceCost> Worker::CostOf(const Model& model) const {
  Runner* const runner = instance_.RunnerOf(model);
  if (runner == nullptr) return std::nullopt;
  return DeviceCost{.cost = &runner->cost(),
                    .most_places = runner->most_places()};
}

void Worker::ShareCpus(const Model& model, Runner& runner) {
  if (instance_.device != "cpu") return;
  const int threads =
      model.batch_invariant ? cpus_.least_threads() : cpus_.threads();
  if (threads == threads_) return;
  runner.UseThreads(threads);
  threads_ = threads;
}

absl::Duration Worker::Spare(const Running& running, absl::Time now) {
  const absl::Duration remaining = running.remaining(now);
  absl::Duration spare = running.predicted - running.interrupted;
  for (const Item& item : running.batch.items) {
    const absl::Duration slack = item.deadline - now - remaining;
    const bool in_time = slack >= absl::ZeroDuration();
    if (in_time && IsWanted(item, now)) spare = std::min(spare, slack);
  }
  if (running.around == nullptr) return spare;
  const Running& around = *running.around;
  return std::min(
      spare, Spare(around, around.paused) - (now - around.paused) - remaining);
}

bool Worker::AtCheckpoint(Running& running) {
  progress_.Move();
  if (progress_.given_up()) return false;
  const absl::Time now = clock_.Now();
  const auto wanted = [now](const Item& item) { return IsWanted(item, now); };
  if (std::ranges::none_of(running.batch.items, wanted)) return false;
  const Model& model = *running.batch.lane;
  std::optional<Batch> batch =
      queue_.TakeBetween([this](const Model& other) { return CostOf(other); },
                         {.remaining = running.remaining(now),
                          .spare = Spare(running, now),
                          .priority = running.priority()});
  if (batch.has_value()) {
    running.paused = now;
    RunTaken(*std::move(batch));
    running.interrupted += clock_.Now() - now;
    progress_.Move(running.predicted);
  }
  ShareCpus(model, *instance_.RunnerOf(model));
  return true;
}

void Worker::RunBatch(Runner& runner, Batch batch) {
  const std::vector<const Sequence*> sequences = SequencesOf(batch.items);
  const BatchInfo info = InfoOf(sequences, batch.plan);
  const PlanLimits& limits = batch.lane->plan_limits;
  const int layers = LayersOf(sequences);
  const absl::Time start = clock_.Now();
  Running running{.batch = batch, .start = start, .around = running_};
  if (runner.cost().fitted()) {
    running.predicted = absl::Seconds(PredictedCost(
        info.rows, batch.plan.length, layers, limits, runner.cost()));
  }
  ShareCpus(*batch.lane, runner);
  progress_.Move(running.predicted);
  running_ = &running;
  auto outputs =
      runner.Run(sequences, batch.plan, [&] { return AtCheckpoint(running); });
  running_ = running.around;
  const absl::Duration compute = clock_.Now() - start;
  observer_.OnBatch(batch.lane->id.name, info, compute - running.interrupted);
  if (const int compiled = runner.TakeCompilations(); compiled > 0) {
    observer_.OnCompilations(batch.lane->id.name, compiled);
  }
  if (outputs.ok()) {
    supervisor_.OnRan(*batch.lane);
    runner.OnRan(info.padded_pieces);
    const double share = ShareOfLayers(layers, limits);
    const absl::Duration forward =
        runner.forward_time().value_or(compute) - running.interrupted;
    if (share >= kLeastShare && forward > absl::ZeroDuration()) {
      runner.cost().Correct({.rows = info.rows,
                             .length = batch.plan.length,
                             .time = forward / share});
    }
  }
  // Inside another forward it is not alone in having taken memory.
  if (absl::IsResourceExhausted(outputs.status()) && running_ == nullptr) {
    runner.OnTooLarge(info.padded_pieces);
  }
  const bool ended = absl::IsCancelled(outputs.status());
  if (ReasonOf(outputs.status()) == Reason::kDeviceLost) {
    lost_ = outputs.status();
    supervisor_.OnLost(number_, lost_);
  }
  if (!outputs.ok() && !ended && lost_.ok() && !progress_.given_up()) {
    // All but the copies of a single sequence.
    if (batch.items.size() > batch.plan.copies.size() + 1) {
      RunHalves(runner, std::move(batch));
      return;
    }
    observer_.OnInputFailed(batch.lane->id.name);
    supervisor_.OnInputFailed(batch.lane);
  }
  completions_.Submit([info, start, compute, ended,
                       outputs = std::move(outputs),
                       items = std::move(batch.items)]() mutable {
    if (!outputs.ok()) {
      for (Item& item : items) {
        std::move(item.done)(ended ? WhyUnwanted(item) : outputs.status());
      }
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
  if (lost_.ok()) {
    RunBatch(runner, TakeRows(batch, second));
  } else {
    progress_.Fail(lost_);
  }
}

}  // namespace strata
