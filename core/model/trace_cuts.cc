// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/trace_cuts.h"

#include <utility>

#include "core/model/report.h"
#include "core/model/trace.h"

namespace strata {

TraceCuts::TraceCuts(Trace trace, const TraceReport& report)
    : whole_(std::move(trace)) {
  if (!report.layers_cut) return;
  // Each from the one above it, which is quicker than from the whole.
  const Trace* above = &whole_;
  for (int layers = report.depth() - 1; layers > 0; --layers) {
    auto cut = above->Cut(layers - 1);
    // Where it cannot be cut, what wants that layer runs to a later one.
    if (!cut.ok()) continue;
    above = &cuts_.emplace(layers, *std::move(cut)).first->second;
  }
}

const Trace& TraceCuts::To(int layers) const {
  const auto cut = cuts_.lower_bound(layers);
  return cut == cuts_.end() ? whole_ : cut->second;
}

}  // namespace strata
