// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_BATCH_PACKED_PLAN_H_
#define STRATA_CORE_BATCH_PACKED_PLAN_H_

#include <span>

#include "core/batch/cost.h"
#include "core/batch/plan.h"

namespace strata {

// The next batch, several sequences to a row. `pieces` holds the length of each
// that waits, the most urgent first.
//
// For each of some twenty row lengths, rows are filled one after the other, the
// most urgent first and then always the longest that still fits; of equals, the
// more urgent. Of all batches seen on the way, with one row, two, and so on,
// the one with the least predicted cost for each useful piece is the best; the
// next is the cheapest of those that are hardly worse, since what is in a small
// batch, and what comes after it, waits less. Takes time in proportion to the
// window.
//
// The first `shared` pieces of all, fewer than any has, stand once in each row.
BatchPlan PlanPacked(std::span<const int> pieces, const PlanLimits& limits,
                     const CostModel& cost, int shared = 0);

}  // namespace strata

#endif  // STRATA_CORE_BATCH_PACKED_PLAN_H_
