// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_BATCH_PADDED_PLAN_H_
#define STRATA_CORE_BATCH_PADDED_PLAN_H_

#include <span>

#include "core/batch/cost.h"
#include "core/batch/plan.h"

namespace strata {

// The next batch, a row for each sequence. `pieces` holds the length of each
// that waits, the most urgent first.
//
// The window, in order of length, is cut into batches such that their total
// predicted cost is the least that the limits allow; of cuts that cost as much,
// the one with larger batches of long sequences. The batch that holds the most
// urgent is the next. Rows come in order of urgency. Takes time in proportion
// to the window times max_rows.
BatchPlan PlanPadded(std::span<const int> pieces, const PlanLimits& limits,
                     const CostModel& cost);

}  // namespace strata

#endif  // STRATA_CORE_BATCH_PADDED_PLAN_H_
