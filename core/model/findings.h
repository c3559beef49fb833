// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_FINDINGS_H_
#define STRATA_CORE_MODEL_FINDINGS_H_

#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/model/report.h"

namespace strata {

// What the load of a model found out by running it: the next load of the same
// files on the same kind of machine would find the same.
struct Findings {
  TraceReport report;
  // What the warm-up allows a batch.
  int most_places = 0;
};

// Reads the text of a file that KeptFindings::Write wrote about the model of
// `digest` under `circumstances`. Error: FAILED_PRECONDITION where it says
// something else, or what cannot be right.
absl::StatusOr<Findings> ParseFindings(absl::string_view text,
                                       absl::string_view digest,
                                       absl::string_view circumstances);

// The findings about one model, kept in a folder between processes. Several
// may use it at a time.
class KeptFindings {
 public:
  // About the model of `digest`, made under `circumstances`: all else that they
  // depend on, in words, such as the processor and the version of LibTorch.
  KeptFindings(const std::filesystem::path& folder, std::string digest,
               std::string circumstances);

  // What Write wrote. Errors: NOT_FOUND where nothing was; FAILED_PRECONDITION
  // where the file says something else or cannot be read.
  absl::StatusOr<Findings> Read() const;

  // Writes the file whole or not at all; makes its folder. Error: UNAVAILABLE,
  // saying what the system said.
  absl::Status Write(const Findings& findings) const;

 private:
  std::string digest_;
  std::string circumstances_;
  std::filesystem::path file_;
};

}  // namespace strata

#endif  // STRATA_CORE_MODEL_FINDINGS_H_
