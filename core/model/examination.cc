// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/examination.h"

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/model/checks.h"
#include "core/model/config.h"
#include "core/model/report.h"
#include "core/model/subject.h"
#include "core/model/trace.h"
#include "core/tensor/torch_call.h"

namespace strata {

absl::Status RefusalOf(const Check& check, absl::string_view remedy) {
  return Error(Reason::kModelRefused,
               absl::StrCat("check ", check.name, ": expected ", check.expected,
                            ", found ", check.found, "; ", remedy));
}

Examination Examine(Trace& trace, const ModelConfig& config,
                    std::int64_t tokenizer_vocabulary, const Clock& clock) {
  const absl::Time start = clock.Now();
  Subject subject{.trace = trace,
                  .config = config,
                  .tokenizer_vocabulary = tokenizer_vocabulary,
                  .clock = clock};
  absl::Status verdict;
  for (const CheckSpec& spec : ExaminationChecks()) {
    // What LibTorch throws at a check is what the check found.
    const absl::StatusOr<Finding> finding =
        CallTorch([&] { return spec.look(subject); });
    subject.report.checks.push_back(
        {.name = std::string(spec.name),
         .passed = finding.ok() && finding->passed,
         .essential = spec.essential,
         .expected = std::string(spec.expected),
         .found = finding.ok() ? finding->found
                               : std::string(finding.status().message())});
    const Check& check = subject.report.checks.back();
    if (!check.passed && check.essential) {
      verdict = RefusalOf(check, spec.remedy);
      break;
    }
  }
  subject.report.duration = clock.Now() - start;
  return {.report = std::move(subject.report), .verdict = verdict};
}

}  // namespace strata
