// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/loader.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <future>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "ATen/Parallel.h"
#include "ATen/Version.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/batch/cost.h"
#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "core/batch/runner.h"
#include "core/model/check_tokenizer.h"
#include "core/model/config.h"
#include "core/model/device.h"
#include "core/model/digest.h"
#include "core/model/examination.h"
#include "core/model/findings.h"
#include "core/model/model.h"
#include "core/model/report.h"
#include "core/model/repository.h"
#include "core/model/torch_runner.h"
#include "core/model/trace.h"
#include "core/model/trace_cuts.h"
#include "core/model/warm_up.h"
#include "core/tensor/threads.h"
#include "core/tensor/torch_call.h"
#include "core/tokenize/tokenizer.h"
#include "torch/csrc/jit/codegen/fuser/interface.h"
#include "torch/csrc/jit/runtime/graph_executor.h"
#include "torch/script.h"

namespace strata {
namespace {

constexpr const char* kTraceFile = "model.pt";
// The digest of a model's files, once it is known.
using Hashing = std::shared_future<absl::StatusOr<std::string>>;

// As InitializeTorch said; 0: it was not called.
std::atomic<int> threads_of_loading = 0;
// Larger batches have made no CPU quicker, and keep others waiting.
constexpr int kMostPlacesOnCpu = 1024;

// For `devices`.
absl::StatusOr<Trace> LoadTrace(const std::filesystem::path& directory,
                                const std::vector<std::string>& devices,
                                TraceReport& report) {
  const std::filesystem::path file = directory / kTraceFile;
  std::error_code ignored;
  const bool there = std::filesystem::is_regular_file(file, ignored);
  const bool cpu_only = std::ranges::all_of(
      devices, [](const std::string& name) { return name == "cpu"; });
  auto trace = there ? Trace::Load(file, cpu_only ? WeightLayout::kPrepacked
                                                  : WeightLayout::kStored)
                     : absl::StatusOr<Trace>(absl::NotFoundError(
                           absl::StrCat("no file \"", file.string(), "\"")));
  report.checks.push_back(
      {.name = "loads",
       .passed = trace.ok(),
       .essential = true,
       .expected = "a TorchScript module in model.pt",
       .found = trace.ok() ? "a module with a forward"
                           : std::string(trace.status().message())});
  if (trace.ok()) return trace;
  return RefusalOf(report.checks.back(),
                   "strata-export writes such a directory");
}

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
      {.name = "placed",
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

// Runs what will occur on each of `runners`, so that they know what it costs.
// Notes the times in `report`, and in `most_places` the most that a batch
// should have on any of them; where they were known, runs what is enough.
absl::Status WarmUpRunners(const std::vector<std::unique_ptr<Runner>>& runners,
                           TraceReport& report, int& most_places) {
  const bool all_known = most_places > 0;
  int most = std::numeric_limits<int>::max();
  for (const auto& runner : runners) {
    const std::string device = runner->Device();
    const bool on_cpu = device == "cpu";
    const auto known = report.timings.find(device);
    // Instances on the CPU differ in nothing; on CUDA each takes memory.
    if (known != report.timings.end() && (on_cpu || all_known)) {
      STRATA_RETURN_IF_ERROR(WarmUpAgain(*runner, known->second, report.depth(),
                                         /*take_memory=*/!on_cpu));
      runner->cost() = CostModel::Fit(known->second);
      continue;
    }
    WarmUpLimits limits{.longest_pieces = report.longest_pieces,
                        .layers = report.depth(),
                        .layers_cut = report.layers_cut};
    if (on_cpu) limits.max_places = kMostPlacesOnCpu;
    STRATA_ASSIGN_OR_RETURN(WarmUpResult result,
                            WarmUp(*runner, limits, Clock::Real()));
    runner->cost() = CostModel::Fit(result.timings);
    most = std::min(most, result.most_places);
    report.timings.try_emplace(device, std::move(result.timings));
  }
  most_places = all_known ? std::min(most, most_places) : most;
  return absl::OkStatus();
}

PlanLimits LimitsOf(const ModelConfig& config, const TraceReport& report,
                    int most_places) {
  PlanLimits limits{.max_padded_pieces =
                        config.batching.max_padded_pieces.value_or(most_places),
                    .max_row_pieces = report.longest_pieces,
                    .padding_exact = report.padding_exact,
                    .packing_exact = report.packing_exact &&
                                     report.padding_exact &&
                                     config.batching.packing,
                    .prefix_sharing_exact = report.prefix_sharing_exact,
                    .layers_cut = report.layers_cut,
                    .layers = report.depth()};
  limits.max_rows = config.batching.max_rows.value_or(most_places);
  if (config.batch_invariant) {
    // Alone, so neither padded nor packed.
    limits.max_rows = 1;
    limits.packing_exact = false;
  }
  return limits;
}

// Where the findings about a model on `devices` are kept, once `hashing` is
// done; nullopt: nowhere.
std::optional<KeptFindings> Keep(const LoadOptions& options,
                                 const std::vector<std::string>& devices,
                                 const Hashing& hashing) {
  if (options.report_directory.empty()) return std::nullopt;
  const auto processors = DescribeProcessors(devices);
  const auto& digest = hashing.get();
  if (!processors.has_value() || !digest.ok()) return std::nullopt;
  return KeptFindings(
      options.report_directory, *digest,
      absl::StrCat("strata " STRATA_VERSION ", ", *processors, ", ",
                   at::get_num_threads(), " threads, ", at::show_config()));
}

// What is kept of an earlier load; nullopt where nothing is, or nothing that
// can be used, as `remark` then says.
std::optional<Findings> Recall(const std::optional<KeptFindings>& kept,
                               std::string& remark) {
  if (!kept.has_value()) return std::nullopt;
  auto findings = kept->Read();
  if (findings.ok()) return *std::move(findings);
  if (!absl::IsNotFound(findings.status())) {
    remark = std::string(findings.status().message());
  }
  return std::nullopt;
}

// Binds `trace` as the examination that `report` tells of did.
void BindAsExamined(const TraceReport& report, const ModelConfig& config,
                    Trace& trace) {
  trace.Bind(report.arguments, {.layers = config.layers});
  if (report.logits_width > 0) trace.SetLogits(report.logits_place);
}

// Finds out what is to be known of `trace`, bound then, by running it. Adds to
// the checks in `report`; the error is that of an essential one.
absl::Status ExamineInto(TraceReport& report, const ModelConfig& config,
                         const Tokenizer& tokenizer, Trace& trace) {
  report.checks.push_back(CheckUnknownCharacters(tokenizer));
  Examination examination =
      Examine(trace, config, tokenizer.VocabularySize(), Clock::Real());
  std::vector<Check>& checks = examination.report.checks;
  checks.insert(checks.begin(), report.checks.begin(), report.checks.end());
  report = std::move(examination.report);
  return examination.verdict;
}

// Loads all of a model but its digest, which `hashing` gives; fills the rest of
// `outcome` as far as it comes.
absl::StatusOr<std::unique_ptr<Model>> Load(const ModelDirectory& directory,
                                            const LoadOptions& options,
                                            const Hashing& hashing,
                                            LoadOutcome& outcome) {
  TraceReport& report = outcome.report;
  STRATA_ASSIGN_OR_RETURN(const ModelConfig config,
                          ReadModelConfig(directory.path));
  STRATA_ASSIGN_OR_RETURN(const auto chosen,
                          ChooseDevices(options.devices, config.devices));
  STRATA_ASSIGN_OR_RETURN(auto tokenizer, LoadTokenizer(directory.path));
  STRATA_ASSIGN_OR_RETURN(Trace trace,
                          LoadTrace(directory.path, chosen, report));
  const auto kept = Keep(options, chosen, hashing);
  auto recalled = Recall(kept, outcome.remark);
  outcome.report_was_kept = recalled.has_value();
  int most_places = 0;
  if (recalled.has_value()) {
    report = std::move(recalled->report);
    most_places = recalled->most_places;
    BindAsExamined(report, config, trace);
  } else {
    STRATA_RETURN_IF_ERROR(ExamineInto(report, config, *tokenizer, trace));
  }
  // How it fares on devices is seen anew each time.
  Findings findings = {.report = report};
  STRATA_ASSIGN_OR_RETURN(auto runners,
                          PlaceRunners(trace, chosen, report, config));
  STRATA_RETURN_IF_ERROR(WarmUpRunners(runners, report, most_places));
  if (kept.has_value() && !outcome.report_was_kept) {
    findings.report.timings = report.timings;
    findings.most_places = most_places;
    const absl::Status written = kept->Write(findings);
    if (!written.ok()) outcome.remark = std::string(written.message());
  }

  auto model = std::make_unique<Model>();
  model->id = directory.id;
  model->report = report;
  model->max_pieces = std::min(
      report.longest_pieces, config.max_pieces.value_or(report.longest_pieces));
  model->plan_limits = LimitsOf(config, report, most_places);
  model->batch_invariant = config.batch_invariant;
  model->final_norm_layers = config.final_norm_layers;
  model->prompts = config.prompts;
  model->tokenizer = std::move(tokenizer);
  model->runners = std::move(runners);
  return model;
}

}  // namespace

void InitializeTorch(int intra_op_threads) {
  static std::once_flag once;
  std::call_once(once, [] {
    // Forwards are parallel inside and between workers, not between operators.
    at::set_num_interop_threads(1);
    // Lengths vary from batch to batch: profiling each would cost many slow
    // first calls and gain nothing (the graph is traced, its types are known).
    torch::jit::getProfilingMode() = false;
    // The fusers compile kernels while a forward waits for them.
    torch::jit::overrideCanFuseOnCPU(false);
    torch::jit::overrideCanFuseOnGPU(false);
  });
  threads_of_loading = intra_op_threads;
  UseThreadsHere(intra_op_threads);
}

LoadOutcome LoadModelDirectory(const ModelDirectory& directory,
                               const LoadOptions& options) {
  LoadOutcome outcome{.model = Error(Reason::kModelRefused, "not loaded")};
  const absl::Status readable = CheckModelFiles(directory.path);
  if (!readable.ok()) {
    outcome.model = readable;
    return outcome;
  }
  // Whatever the forwards that are being served use.
  if (threads_of_loading > 0) UseThreadsHere(threads_of_loading);
  // Hashing a large trace takes about as long as loading it.
  const Hashing hashing =
      std::async(std::launch::async, DigestModelDirectory, directory.path);
  auto model = Load(directory, options, hashing, outcome);
  const auto& digest = hashing.get();
  if (!digest.ok()) {
    outcome.model = digest.status();
    return outcome;
  }
  outcome.digest = *digest;
  if (!model.ok()) {
    outcome.model = model.status();
    return outcome;
  }
  (*model)->digest = outcome.digest;
  outcome.model = std::shared_ptr<const Model>(*std::move(model));
  return outcome;
}

}  // namespace strata
