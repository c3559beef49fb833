// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/loader.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <future>
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
#include "core/base/build_id.h"
#include "core/base/clock.h"
#include "core/base/cpu_count.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/batch/plan.h"
#include "core/batch/runner.h"
#include "core/model/check_tokenizer.h"
#include "core/model/config.h"
#include "core/model/device.h"
#include "core/model/digest.h"
#include "core/model/digest_list.h"
#include "core/model/examination.h"
#include "core/model/findings.h"
#include "core/model/instances.h"
#include "core/model/model.h"
#include "core/model/report.h"
#include "core/model/repository.h"
#include "core/model/trace.h"
#include "core/tensor/threads.h"
#include "core/tensor/torch_call.h"
#include "core/tokenize/tokenizer.h"
#include "torch/csrc/jit/codegen/fuser/interface.h"
#include "torch/csrc/jit/runtime/graph_executor.h"
#include "torch/script.h"

namespace strata {
namespace {

constexpr const char* kTraceFile = "model.pt";

// What is known of a model's files once they have been hashed.
struct FilesHash {
  absl::StatusOr<std::string> digest;
  // Whether nobody wrote to them since the load began.
  bool unchanged = false;
};

using Hashing = std::shared_future<FilesHash>;

// As InitializeTorch said; 0: it was not called.
std::atomic<int> threads_of_loading = 0;

// For `devices`.
absl::StatusOr<Trace> LoadTrace(const std::filesystem::path& directory,
                                const std::vector<std::string>& devices,
                                TraceReport& report) {
  const std::filesystem::path file = directory / kTraceFile;
  std::error_code ignored;
  const bool there = std::filesystem::is_regular_file(file, ignored);
  const bool cpu_only = std::ranges::all_of(
      devices, [](const std::string& name) { return name == "cpu"; });
  auto trace = there ? Trace::Load(file, cpu_only ? Operators::kForCpu
                                                  : Operators::kAsTraced)
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

// Settings of LibTorch's parts that change how they round or how fast they are.
constexpr std::array kSettings = {
    "ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "ONEDNN_DEFAULT_FPMATH_MODE",
    "MKL_ENABLE_INSTRUCTIONS", "NVIDIA_TF32_OVERRIDE"};

// All that findings depend on beside the model's files. Error:
// FAILED_PRECONDITION where that is not known.
absl::StatusOr<std::string> Circumstances(
    const std::vector<std::string>& devices) {
  const auto processors = DescribeProcessors(devices);
  if (!processors.has_value()) {
    return absl::FailedPreconditionError(
        "no report is kept: a processor does not tell its name");
  }
  std::string text = absl::StrCat("strata " STRATA_VERSION " ", BuildId(), ", ",
                                  *processors, ", ", AvailableCpus(), " CPUs, ",
                                  at::get_num_threads(), " threads");
  for (const char* name : kSettings) {
    const char* const value = std::getenv(name);
    if (value != nullptr) absl::StrAppend(&text, ", ", name, "=", value);
  }
  return absl::StrCat(text, ", ", at::show_config());
}

// Where the findings about a model on `devices` are kept, once its digest is
// known; nullopt: nowhere, as `remark` may say.
std::optional<KeptFindings> Keep(const LoadOptions& options,
                                 const std::vector<std::string>& devices,
                                 const Hashing& hashing, std::string& remark) {
  if (options.report_directory.empty()) return std::nullopt;
  const auto circumstances = Circumstances(devices);
  const FilesHash& hash = hashing.get();
  if (!circumstances.ok()) {
    remark = std::string(circumstances.status().message());
  }
  // Files that are being written are not those that were loaded.
  if (!circumstances.ok() || !hash.digest.ok() || !hash.unchanged) {
    return std::nullopt;
  }
  return KeptFindings(options.report_directory, *hash.digest, *circumstances);
}

// What is put together of a model while it loads.
struct Parts {
  ModelConfig config;
  std::vector<std::string> devices;
  std::shared_ptr<const Tokenizer> tokenizer;
  Trace trace;
};

using Runners = std::vector<std::unique_ptr<Runner>>;

// Runners as an earlier load found the trace to be. Error: what keeps its
// findings from being used; NOT_FOUND where there are none.
absl::StatusOr<Runners> Recall(const KeptFindings& kept, Parts& parts,
                               Findings& findings) {
  STRATA_ASSIGN_OR_RETURN(findings, kept.Read());
  const TraceReport& report = findings.report;
  parts.trace.Bind(report.arguments, {.layers = parts.config.layers});
  if (report.logits_width > 0) parts.trace.SetLogits(report.logits_place);
  return MakeInstances(parts.trace, parts.devices, parts.config, findings);
}

// Runners once the trace, bound then, has been examined by running it. Adds to
// the checks in `findings`.
absl::StatusOr<Runners> FindOut(Parts& parts, Findings& findings) {
  TraceReport& report = findings.report;
  report.checks.push_back(CheckUnknownCharacters(*parts.tokenizer));
  Examination examination =
      Examine(parts.trace, parts.config, parts.tokenizer->VocabularySize(),
              Clock::Real());
  std::vector<Check>& checks = examination.report.checks;
  checks.insert(checks.begin(), report.checks.begin(), report.checks.end());
  report = std::move(examination.report);
  STRATA_RETURN_IF_ERROR(examination.verdict);
  return MakeInstances(parts.trace, parts.devices, parts.config, findings);
}

// Runners, by what an earlier load found out or else by finding it out; keeps
// what is new. Fills `outcome` as far as it comes, and `most_places`.
absl::StatusOr<Runners> MakeRunners(const LoadOptions& options,
                                    const Hashing& hashing, Parts& parts,
                                    LoadOutcome& outcome, int& most_places) {
  const auto kept = Keep(options, parts.devices, hashing, outcome.remark);
  if (kept.has_value()) {
    Findings recalled;
    auto runners = Recall(*kept, parts, recalled);
    if (runners.ok()) {
      outcome.report_was_kept = true;
      outcome.report = std::move(recalled.report);
      most_places = recalled.most_places;
      return runners;
    }
    if (!absl::IsNotFound(runners.status())) {
      outcome.remark = absl::StrCat("an earlier load's report is not used: ",
                                    runners.status().message());
    }
  }
  Findings findings = {.report = outcome.report};
  auto runners = FindOut(parts, findings);
  outcome.report = findings.report;
  STRATA_RETURN_IF_ERROR(runners.status());
  most_places = findings.most_places;
  if (!kept.has_value()) return runners;
  // How it fares on devices is seen anew each time.
  std::erase_if(findings.report.checks,
                [](const Check& check) { return check.name == kPlacedCheck; });
  const absl::Status written = kept->Write(findings);
  if (!written.ok()) outcome.remark = std::string(written.message());
  return runners;
}

// Loads all of a model but its digest, which `hashing` gives; fills the rest of
// `outcome` as far as it comes.
absl::StatusOr<std::shared_ptr<Model>> Load(const ModelDirectory& directory,
                                            const LoadOptions& options,
                                            const Hashing& hashing,
                                            LoadOutcome& outcome) {
  STRATA_ASSIGN_OR_RETURN(ModelConfig config, ReadModelConfig(directory.path));
  STRATA_ASSIGN_OR_RETURN(auto devices,
                          ChooseDevices(options.devices, config.devices));
  STRATA_ASSIGN_OR_RETURN(auto tokenizer, LoadTokenizer(directory.path));
  STRATA_ASSIGN_OR_RETURN(Trace trace,
                          LoadTrace(directory.path, devices, outcome.report));
  Parts parts{.config = std::move(config),
              .devices = std::move(devices),
              .tokenizer = std::move(tokenizer),
              .trace = std::move(trace)};
  int most_places = 0;
  STRATA_ASSIGN_OR_RETURN(
      auto runners, MakeRunners(options, hashing, parts, outcome, most_places));

  const TraceReport& report = outcome.report;
  auto model = std::make_shared<Model>();
  model->id = directory.id;
  model->report = report;
  model->max_pieces =
      std::min(report.longest_pieces,
               parts.config.max_pieces.value_or(report.longest_pieces));
  model->plan_limits = LimitsOf(parts.config, report, most_places);
  model->batch_invariant = parts.config.batch_invariant;
  model->final_norm_layers = parts.config.final_norm_layers;
  model->prompts = parts.config.prompts;
  model->tokenizer = std::move(parts.tokenizer);
  model->runners = std::move(runners);
  return model;
}

// Load, of a model that may be served.
absl::StatusOr<std::shared_ptr<Model>> LoadListed(
    const ModelDirectory& directory, const LoadOptions& options,
    const Hashing& hashing, LoadOutcome& outcome) {
  if (!options.digests.empty()) {
    const auto& digest = hashing.get().digest;
    STRATA_RETURN_IF_ERROR(digest.status());
    STRATA_RETURN_IF_ERROR(CheckListed(*digest, options.digests));
  }
  return Load(directory, options, hashing, outcome);
}

// Refuses what was written to since it had `stamp`, before it was hashed: it
// may be half of a version, or not what its digest says.
absl::Status CheckUnchanged(const ModelDirectory& directory,
                            const std::string& stamp) {
  if (StampModelDirectory(directory.path) == stamp) return absl::OkStatus();
  return Error(Reason::kModelRefused,
               "its files were written to while they were loaded; it is loaded "
               "again when they have settled, with --poll, or with LoadModel");
}

// Hashes a model's files, and sees whether they are written to meanwhile.
FilesHash HashFiles(const std::filesystem::path& directory,
                    const std::string& stamp) {
  auto digest = DigestModelDirectory(directory);
  return {.digest = std::move(digest),
          .unchanged = StampModelDirectory(directory) == stamp};
}

// LoadModelDirectory, but what is beyond the host's memory may be thrown.
LoadOutcome LoadOrThrow(const ModelDirectory& directory,
                        const LoadOptions& options) {
  const absl::Status readable = CheckModelFiles(directory.path);
  if (!readable.ok()) return {.model = readable};
  LoadOutcome outcome{.model = Error(Reason::kModelRefused, "not loaded")};
  // Whatever the forwards that are being served use.
  if (threads_of_loading > 0) UseThreadsHere(threads_of_loading);
  // Hashing a large trace takes about as long as loading it.
  const std::string stamp = StampModelDirectory(directory.path);
  const Hashing hashing =
      std::async(std::launch::async, HashFiles, directory.path, stamp);
  auto model = LoadListed(directory, options, hashing, outcome);
  const auto& digest = hashing.get().digest;
  outcome.digest = digest.value_or("");
  if (!digest.ok()) {
    outcome.model = digest.status();
  } else if (!model.ok()) {
    outcome.model = model.status();
  } else if (absl::Status unchanged = CheckUnchanged(directory, stamp);
             !unchanged.ok()) {
    outcome.model = std::move(unchanged);
  } else {
    (*model)->digest = *digest;
    outcome.model = *std::move(model);
  }
  return outcome;
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
  auto outcome = CallTorch([&] { return LoadOrThrow(directory, options); });
  if (outcome.ok()) return *std::move(outcome);
  return {.model = outcome.status()};
}

}  // namespace strata
