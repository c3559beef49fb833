// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/instances.h"

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/status_macros.h"
#include "core/batch/cost.h"
#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "core/batch/runner.h"
#include "core/model/config.h"
#include "core/model/examination.h"
#include "core/model/findings.h"
#include "core/model/report.h"
#include "core/model/torch_runner.h"
#include "core/model/trace.h"
#include "core/model/trace_cuts.h"
#include "core/model/warm_up.h"
#include "core/tensor/torch_call.h"
#include "torch/script.h"

namespace strata {
namespace {

// Larger batches have made no CPU quicker, and keep others waiting.
constexpr int kMostPlacesOnCpu = 1024;
// A forward that now takes less than this share of what is kept was measured
// on a machine that was busy.
constexpr double kBelievable = 0.5;

// Whether `runner`, on a device that the examination has not seen, runs: a
// device that could not be rewritten shows here.
absl::Status TryRunner(Runner& runner) {
  const Sequence sequence{
      .ids = {0, 0, 0},
      .outputs = std::make_shared<const std::vector<OutputSpec>>(
          std::vector<OutputSpec>{{.layers = {0}}})};
  const std::vector<const Sequence*> sequences = {&sequence};
  return runner.Run(sequences, {.rows = {{{0}}}, .length = 3}).status();
}

// Notes in `report` whether a forward runs on `device`, which is not the CPU;
// `status` says why it does not. Error: the refusal.
absl::Status NotePlaced(at::Device device, const absl::Status& status,
                        TraceReport& report) {
  report.checks.push_back(
      {.name = kPlacedCheck,
       .passed = status.ok(),
       .essential = true,
       .expected = absl::StrCat("a forward on ", device.str()),
       .found = status.ok() ? "it runs" : std::string(status.message())});
  if (status.ok()) return absl::OkStatus();
  return RefusalOf(report.checks.back(),
                   "choose other devices with \"devices\" in strata.json, or "
                   "read devices from tensors (device=x.device) and trace "
                   "again");
}

// The traces of the first runner on each device.
using TracesByDevice = std::map<std::string, std::shared_ptr<const TraceCuts>>;

// The traces for the next runner on `device`: those of the first, unless a
// forward writes its state. On the CPU they have the weights of `examined`,
// elsewhere a copy.
absl::StatusOr<std::shared_ptr<const TraceCuts>> TracesFor(
    at::Device device, const Trace& examined, const TraceReport& report,
    TracesByDevice& placed) {
  const auto there = placed.find(device.str());
  if (there != placed.end() && !examined.writes_its_state()) {
    return there->second;
  }
  STRATA_ASSIGN_OR_RETURN(Trace trace,
                          there != placed.end() ? there->second->whole().Share()
                          : device.is_cpu() ? absl::StatusOr<Trace>(examined)
                                            : examined.CopyTo(device));
  auto traces = CallTorch([&] {
    return std::make_shared<const TraceCuts>(std::move(trace), report);
  });
  if (traces.ok()) placed.emplace(device.str(), *traces);
  return traces;
}

// One runner for each of `devices`; those of one device share their weights,
// on the CPU the ones that were examined. Notes in `report` how the others
// fared.
absl::StatusOr<std::vector<std::unique_ptr<Runner>>> PlaceRunners(
    const Trace& trace, const std::vector<std::string>& devices,
    TraceReport& report, const ModelConfig& config) {
  TracesByDevice placed;
  std::vector<std::unique_ptr<Runner>> runners;
  for (const std::string& name : devices) {
    STRATA_ASSIGN_OR_RETURN(const at::Device device,
                            CallTorch([&] { return at::Device(name); }));
    const bool first = !placed.contains(device.str());
    auto traces = TracesFor(device, trace, report, placed);
    if (traces.ok()) {
      runners.push_back(std::make_unique<TorchRunner>(
          *traces, report, config.padding_id, device));
    }
    if (device.is_cpu() || !first) {
      STRATA_RETURN_IF_ERROR(traces.status());
      continue;
    }
    STRATA_RETURN_IF_ERROR(NotePlaced(
        device, traces.ok() ? TryRunner(*runners.back()) : traces.status(),
        report));
  }
  return runners;
}

// Runs what is enough on a runner whose forwards were timed before. Error:
// FAILED_PRECONDITION where that was on a busy machine.
absl::Status CheckTimings(Runner& runner, const TraceReport& report,
                          const std::vector<ForwardTiming>& timings) {
  STRATA_ASSIGN_OR_RETURN(
      const absl::Duration now,
      WarmUpAgain(runner, timings, report.depth(),
                  /*take_memory=*/runner.Device() != "cpu", Clock::Real()));
  if (now >= kBelievable * timings.front().time) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("a forward that takes ", absl::FormatDuration(now), " took ",
                   absl::FormatDuration(timings.front().time),
                   " when the report was made, on a machine that was busy"));
}

// What is known of forwards on `runner` once they have been timed.
absl::StatusOr<WarmUpResult> TimeForwards(Runner& runner,
                                          const TraceReport& report) {
  WarmUpLimits limits{.longest_pieces = report.longest_pieces,
                      .layers = report.depth(),
                      .layers_cut = report.layers_cut};
  if (runner.Device() == "cpu") limits.max_places = kMostPlacesOnCpu;
  return WarmUp(runner, limits, Clock::Real());
}

// Runs what will occur on each of `runners`, so that they know what it costs.
absl::Status WarmUpRunners(const std::vector<std::unique_ptr<Runner>>& runners,
                           Findings& findings) {
  TraceReport& report = findings.report;
  const bool from_before = findings.most_places > 0;
  int& most = findings.most_places;
  if (!from_before) most = std::numeric_limits<int>::max();
  for (const auto& runner : runners) {
    const std::string device = runner->Device();
    const auto known = report.timings.find(device);
    if (known != report.timings.end() && from_before) {
      STRATA_RETURN_IF_ERROR(CheckTimings(*runner, report, known->second));
      runner->cost() = CostModel::Fit(known->second);
    } else if (known != report.timings.end() && device == "cpu") {
      // Instances on the CPU differ in nothing; on CUDA each takes memory.
      runner->cost() = CostModel::Fit(known->second);
    } else {
      STRATA_ASSIGN_OR_RETURN(WarmUpResult result,
                              TimeForwards(*runner, report));
      runner->cost() = CostModel::Fit(result.timings);
      most = std::min(most, result.most_places);
      report.timings.try_emplace(device, std::move(result.timings));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<std::unique_ptr<Runner>>> MakeInstances(
    const Trace& trace, const std::vector<std::string>& devices,
    const ModelConfig& config, Findings& findings) {
  STRATA_ASSIGN_OR_RETURN(
      auto runners, PlaceRunners(trace, devices, findings.report, config));
  STRATA_RETURN_IF_ERROR(WarmUpRunners(runners, findings));
  return runners;
}

}  // namespace strata
