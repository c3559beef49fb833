// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_TENSOR_SELECT_H_
#define STRATA_CORE_TENSOR_SELECT_H_

#include <span>
#include <vector>

#include "core/base/host_tensor.h"
#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "core/tensor/forward_outputs.h"

namespace strata {

// What was asked of each sequence, out of what a forward gave: one tensor for
// each of its OutputSpecs, of OutputShape(), in the order of `sequences`, whose
// places `plan` says.
//
// All is chosen, pooled (in fp32), normalised and cast on the device of
// `outputs`, into one buffer that leaves it in one copy and that the tensors
// share; each begins there at a multiple of 64 bytes. On the CPU that buffer is
// the answer itself, and what asks for layers as they are points at those
// (see Views). Throws c10::Error where there is no memory, or
// where there are no logits that were asked for (see CallTorch).
std::vector<std::vector<HostTensor>> SelectOutputs(
    const ForwardOutputs& outputs, std::span<const Sequence* const> sequences,
    const BatchPlan& plan);

}  // namespace strata

#endif  // STRATA_CORE_TENSOR_SELECT_H_
