// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_LOADER_H_
#define STRATA_CORE_MODEL_LOADER_H_

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/model/model.h"
#include "core/model/report.h"
#include "core/model/repository.h"

namespace strata {

// What loading a model directory came to.
struct LoadOutcome {
  // The model, or why it is refused: names the check, what was expected, what
  // was found and what to do.
  absl::StatusOr<std::shared_ptr<const Model>> model;
  // Empty where the files could not be read.
  std::string digest;
  // What the examination found until it ended.
  TraceReport report = {};
  // Whether the report is that of an earlier load.
  bool report_was_kept = false;
  // What went wrong without keeping the model from serving; empty: nothing.
  std::string remark;
};

// How models are loaded.
struct LoadOptions {
  // As ResolveDevices returns them, and as often as each has instances; a
  // model's strata.json may choose fewer.
  std::vector<std::string> devices;
  // Where what a load finds out is kept (core/model/findings.h), so that the
  // next one of the same model on the same kind of machine does without
  // examination and measurements. Empty: nowhere.
  std::filesystem::path report_directory;
  // A list of digests (core/model/digest_list.h), read at each load; empty:
  // none. A model that it does not list is refused before any of its files is
  // read but for its digest: a trace is a program.
  std::filesystem::path digests;
};

// Devices by the names of --devices: a comma-separated list of "cpu", "cuda"
// (every CUDA device), "cuda:N", or "auto" (every CUDA device if there is one,
// else "cpu"). Loads libtorch_cuda.so only where a CUDA device is asked for.
// Returns normalised names, as {"cuda:0", "cuda:1"}. Errors: INVALID_ARGUMENT
// for a name that is none of these or a list that repeats a device;
// FAILED_PRECONDITION where a device is not there, or its driver is too old.
absl::StatusOr<std::vector<std::string>> ResolveDevices(
    absl::string_view devices);

// Sets LibTorch up for serving, once, before the first load: threads of one
// forward on the CPU, and the graph executor without profiling.
void InitializeTorch(int intra_op_threads);

// Reads, examines and places a model: one runner for each of the devices.
// Blocks for as long as that takes. Never throws.
LoadOutcome LoadModelDirectory(const ModelDirectory& directory,
                               const LoadOptions& options);

}  // namespace strata

#endif  // STRATA_CORE_MODEL_LOADER_H_
