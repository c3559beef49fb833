// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_TENSOR_ROWS_H_
#define STRATA_CORE_TENSOR_ROWS_H_

#include <cstdint>
#include <span>

#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "core/tensor/mask_form.h"
#include "torch/script.h"

namespace strata {

// What a trace's forward is given: B rows of T places, on one device.
struct RowTensors {
  at::Tensor ids;        // int64 [B, T], padded on the right.
  at::Tensor positions;  // int64 [B, T]; 0 where padded.
  at::Tensor type_ids;   // int64 [B, T]; 0 where padded.
  at::Tensor mask;       // As its MaskKind says; undefined for kNone.
};

// Lays the members of `plan`'s rows one after the other, as they stand in the
// rows, and fills up with `padding_id`. Positions restart with each member;
// what a row's members share stands once in front, the positions of each going
// on after it.
//
// A row with several members needs MaskForm::kPairs, or kDict, whose mask is
// then [B, 1, T, T] too: a block-diagonal mask keeps them apart, shows each
// what it shares, and lets a padded place see itself alone, since a query that
// sees nothing would be not-a-number. The other forms say which places are
// padded. Throws c10::Error where the device has no memory (see CallTorch).
//
//   // ids {5, 6, 7} and {8}: [[5, 6, 7], [8, 0, 0]]
//   AssembleRows(sequences, plan, MaskForm::kKeys, 0, at::kCPU);
RowTensors AssembleRows(std::span<const Sequence* const> sequences,
                        const BatchPlan& plan, MaskKind mask,
                        std::int64_t padding_id, at::Device device);

}  // namespace strata

#endif  // STRATA_CORE_TENSOR_ROWS_H_
