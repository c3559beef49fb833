// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_TRACE_CUTS_H_
#define STRATA_CORE_MODEL_TRACE_CUTS_H_

#include <map>

#include "core/model/report.h"
#include "core/model/trace.h"

namespace strata {

// A trace, and the same cut above each of its layers but the last where the
// report says that this is exact. Several threads may use it at a time if the
// trace does not write its state.
class TraceCuts {
 public:
  // `trace` is bound to its arguments. Compiles a graph for each cut.
  TraceCuts(Trace trace, const TraceReport& report);

  const Trace& whole() const { return whole_; }

  // The one that ends first of those that give `layers` layers.
  const Trace& To(int layers) const;

 private:
  Trace whole_;
  // By the layers that are left.
  std::map<int, Trace> cuts_;
};

}  // namespace strata

#endif  // STRATA_CORE_MODEL_TRACE_CUTS_H_
