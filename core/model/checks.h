// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_CHECKS_H_
#define STRATA_CORE_MODEL_CHECKS_H_

#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/model/subject.h"

namespace strata {

// What a check saw.
struct Finding {
  bool passed = false;
  std::string found;
  // Of a failure that is truly another check's: that check's name. It is
  // reported as that one's, and as essential as this one.
  absl::string_view blamed;
};

// A check of the load-time examination. What it finds out for good it writes
// into the subject's report, where the later ones rely on it.
struct CheckSpec {
  absl::string_view name;
  // Whether a trace that fails it is refused.
  bool essential = false;
  absl::string_view expected;
  // What the model's owner should do.
  absl::string_view remedy;
  // May throw what LibTorch throws, which then fails the check.
  Finding (*look)(Subject& subject) = nullptr;
};

// All checks, in the order in which they rely on each other.
std::span<const CheckSpec> ExaminationChecks();

// What they do, by file.

// checks_signature.cc: what can be known without a forward.
Finding CheckNoCacheArgument(Subject& subject);
Finding CheckArgumentsKnown(Subject& subject);
Finding CheckTokenizerFits(Subject& subject);
Finding CheckPaddingIdKnown(Subject& subject);

// checks_forward.cc: whether it runs and what it gives.
Finding CheckForwardRuns(Subject& subject);
Finding CheckOutputsAreHiddenStates(Subject& subject);
Finding CheckFinalNormLayersExist(Subject& subject);
Finding CheckFinite(Subject& subject);

// checks_device.cc: whether it can run on another device.
Finding CheckDevicesRewritten(Subject& subject);

// checks_company.cc: whether a result depends on what it is computed with.
Finding CheckDeterministic(Subject& subject);
Finding CheckBatchGeneralises(Subject& subject);
Finding CheckLengthGeneralises(Subject& subject);
Finding CheckPaddingInvisible(Subject& subject);
Finding CheckMaskNotInverted(Subject& subject);

// checks_positions.cc: what the positions that it is given do.
Finding CheckPositionsMatter(Subject& subject);

// checks_packing.cc: whether several sequences can share a row.
Finding CheckPackingExact(Subject& subject);
Finding CheckPrefixSharingExact(Subject& subject);
Finding CheckInfinityContained(Subject& subject);

// checks_layers.cc: whether a forward can end before the last layer.
Finding CheckLayersCut(Subject& subject);

// checks_logits.cc: whether there are logits that can be served.
Finding CheckLogits(Subject& subject);

// checks_length.cc: how long a sequence may be.
Finding CheckLongestLength(Subject& subject);

// Passed where `error`, a relative one, is at most `tolerance`; says both.
Finding JudgeError(const absl::StatusOr<double>& error, double tolerance);

}  // namespace strata

#endif  // STRATA_CORE_MODEL_CHECKS_H_
