// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_BATCH_WINDOW_H_
#define STRATA_CORE_BATCH_WINDOW_H_

#include <cstddef>
#include <span>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/batch/plan.h"
#include "core/batch/request.h"

namespace strata {

// What a window needs to know of a sequence that waits.
struct Waiting {
  const Sequence* sequence = nullptr;
  // Who asks.
  absl::string_view client;
  // Fingerprint(*sequence, client).
  std::size_t fingerprint = 0;
  absl::Time deadline;
};

// Equal for sequences that may be computed as one.
std::size_t Fingerprint(const Sequence& sequence, absl::string_view client);

// What a plan is made of: sequences of one client and of the same pieces stand
// together, for one item of the plan.
struct Window {
  std::vector<PlanItem> items;
  // Of each of `items`, all that it stands for, by their index in what waited.
  std::vector<std::vector<int>> members;
};

// `waiting`, the most urgent first, as it is at `now`. Its sequences outlive
// the window, whose items show their pieces. Pure.
Window MakeWindow(std::span<const Waiting> waiting, absl::Time now);

}  // namespace strata

#endif  // STRATA_CORE_BATCH_WINDOW_H_
