// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_MASK_SEARCH_H_
#define STRATA_CORE_MODEL_MASK_SEARCH_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "core/batch/request.h"
#include "core/model/subject.h"
#include "core/model/trace.h"
#include "core/tensor/mask_form.h"

namespace strata {

// A trace does not say what mask it takes, so masks are tried. These are the
// parts of that search; CheckForwardRuns puts them together.

// The masks that the trace may take, in the order in which to try them: bool
// before numbers, and of each type the most capable form first. strata.json's
// mask_form and mask_dtype narrow them.
std::vector<MaskKind> PossibleMasks(const Subject& subject);

// "with a bool mask of form \"pairs\"", "without a mask".
std::string DescribeMask(MaskKind mask);

// What became of masks that were tried on one batch.
struct MaskTrials {
  // Those with which it came back as hidden states.
  std::vector<MaskKind> good;
  // One with which it came back otherwise.
  std::optional<MaskKind> misshapen;
  // What happened with those that are not good: who, and what.
  std::vector<std::pair<std::string, std::string>> errors;

  // `errors` in a sentence, each error once.
  std::string ErrorText() const;
};

// Tries `mask` on a row for each of `sequences`, the first the longest, and
// notes the outcome. Makes it the report's, and sets the report's dtype where
// it is good. Returns whether it is.
bool TryMask(Subject& subject, MaskKind mask,
             const std::vector<Sequence>& sequences, MaskTrials& trials);

// Whether the report's mask makes padding invisible, as far as the shortest of
// MixedProbes tells: it has the most padding.
bool HidesPadding(Subject& subject);

// Of a trace that does not run with any of `masks`: a batch size or a length
// that is a constant in it, with which it does. `blamed` is the check that
// says what is wrong, `found` what was seen.
struct FixedSize {
  absl::string_view blamed;
  std::string found;
};
std::optional<FixedSize> FindFixedSize(Subject& subject,
                                       const std::vector<MaskKind>& masks);

}  // namespace strata

#endif  // STRATA_CORE_MODEL_MASK_SEARCH_H_
