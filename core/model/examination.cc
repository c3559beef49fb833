// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/examination.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
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
namespace {

const CheckSpec& FindCheckSpec(absl::string_view name) {
  return *std::ranges::find(ExaminationChecks(), name, &CheckSpec::name);
}

}  // namespace

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
    const auto looked = CallTorch([&] { return spec.look(subject); });
    const Finding finding =
        looked.ok() ? *looked
                    : Finding{.found = std::string(looked.status().message())};
    const CheckSpec& blamed =
        finding.blamed.empty() ? spec : FindCheckSpec(finding.blamed);
    const Check& check = subject.report.checks.emplace_back(
        Check{.name = std::string(blamed.name),
              .passed = finding.passed,
              .essential = spec.essential,
              .expected = std::string(blamed.expected),
              .found = finding.found});
    if (!check.passed && check.essential) {
      verdict = RefusalOf(check, blamed.remedy);
      break;
    }
  }
  subject.report.duration = clock.Now() - start;
  return {.report = std::move(subject.report),
          .verdict = verdict,
          .forwards = subject.forwards};
}

}  // namespace strata
