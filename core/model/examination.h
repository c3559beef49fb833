// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_EXAMINATION_H_
#define STRATA_CORE_MODEL_EXAMINATION_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "core/base/clock.h"
#include "core/model/config.h"
#include "core/model/report.h"
#include "core/model/trace.h"

namespace strata {

// What an examination came to.
struct Examination {
  // Everything that was found until the verdict.
  TraceReport report;
  // OK, or the essential check that the trace failed.
  absl::Status verdict;
  // Forwards of the whole trace that it took.
  int forwards = 0;
};

// Finds out by running it what a trace can be trusted with, in a few small
// forwards. `trace` is on the CPU, where a bad index is an error and not, as
// on a GPU, the end of every model on the device; it comes back bound to its
// arguments. `tokenizer_vocabulary` is one more than the largest id of the
// tokenizer. The checks are in core/model/checks.h, in order; the first
// essential one that fails ends the examination, an optional one does not.
Examination Examine(Trace& trace, const ModelConfig& config,
                    std::int64_t tokenizer_vocabulary, const Clock& clock);

// The refusal for a failed check: "check <name>: expected ..., found ...;
// <remedy>", reason MODEL_REFUSED.
absl::Status RefusalOf(const Check& check, absl::string_view remedy);

}  // namespace strata

#endif  // STRATA_CORE_MODEL_EXAMINATION_H_
