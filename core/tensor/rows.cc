// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/tensor/rows.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "core/tensor/mask_form.h"
#include "torch/script.h"

namespace strata {
namespace {

// Planes of the one tensor in which all travels to the device.
enum Plane { kIds, kPositions, kTypeIds, kSegments, kPlanes };

// The segment of what all members of a row begin with.
constexpr std::int64_t kShared = 0;

// The four planes of a row; each has as many places as the row.
struct RowPlanes {
  std::int64_t* ids;
  std::int64_t* positions;
  std::int64_t* type_ids;
  // Which member a place belongs to, from 1; kShared: to all of them; a padded
  // place has a negative number of its own.
  std::int64_t* segments;
};

// Fills places from `begin` on with the pieces [first, last) of `sequence`.
void FillPieces(const Sequence& sequence, int first, int last,
                std::int64_t segment, int begin, const RowPlanes& row) {
  const auto copy = [&](const std::vector<std::int64_t>& values,
                        std::int64_t* plane) {
    std::copy(values.begin() + first, values.begin() + last, plane + begin);
  };
  copy(sequence.ids, row.ids);
  if (sequence.positions.empty()) {
    std::iota(row.positions + begin, row.positions + begin + last - first,
              first);
  } else {
    copy(sequence.positions, row.positions);
  }
  if (!sequence.type_ids.empty()) copy(sequence.type_ids, row.type_ids);
  std::fill_n(row.segments + begin, last - first, segment);
}

void FillRow(std::span<const Sequence* const> sequences, const PlanRow& members,
             int length, std::int64_t padding_id, const RowPlanes& row) {
  const int shared = members.shared;
  if (shared > 0) {
    FillPieces(*sequences[members.members[0]], 0, shared, kShared, 0, row);
  }
  int begin = shared;
  std::int64_t segment = kShared;
  for (const int member : members.members) {
    const int pieces = sequences[member]->pieces();
    FillPieces(*sequences[member], shared, pieces, ++segment, begin, row);
    begin += pieces - shared;
  }
  std::fill(row.ids + begin, row.ids + length, padding_id);
  for (int place = begin; place < length; ++place) {
    row.segments[place] = -1 - place;
  }
}

// int64 [planes, B, T] in host memory.
at::Tensor FillPlanes(std::span<const Sequence* const> sequences,
                      const BatchPlan& plan, std::int64_t padding_id,
                      bool pinned) {
  const std::int64_t rows = std::ssize(plan.rows);
  const std::int64_t plane = rows * plan.length;
  at::Tensor planes =
      at::empty({kPlanes, rows, plan.length},
                at::TensorOptions().dtype(at::kLong).pinned_memory(pinned));
  auto* data = planes.mutable_data_ptr<std::int64_t>();
  std::fill_n(data + (kPositions * plane), 2 * plane, 0);
  for (std::int64_t i = 0; i < rows; ++i) {
    std::int64_t* row = data + (i * plan.length);
    FillRow(sequences, plan.rows[i], plan.length, padding_id,
            {.ids = row + (kIds * plane),
             .positions = row + (kPositions * plane),
             .type_ids = row + (kTypeIds * plane),
             .segments = row + (kSegments * plane)});
  }
  return planes;
}

// The form of the tensor inside the dictionary, if there is one.
MaskForm TensorForm(MaskForm form, bool packed) {
  if (form != MaskForm::kDict) return form;
  return packed ? MaskForm::kPairs : MaskForm::kKeys;
}

// The mask, bool, made on the device from `segments`, int64 [B, T], which is
// much smaller than [B, 1, T, T].
at::Tensor MakeMask(const at::Tensor& segments, MaskForm form, bool shared) {
  switch (form) {
    case MaskForm::kPieces:
      return segments.ge(kShared);
    case MaskForm::kKeys:
      return segments.ge(kShared).unsqueeze(1).unsqueeze(1);
    case MaskForm::kPairs: {
      const at::Tensor queries = segments.unsqueeze(2);
      const at::Tensor keys = segments.unsqueeze(1);
      at::Tensor mask = queries.eq(keys);
      if (shared) mask |= keys.eq(kShared) & queries.gt(kShared);
      return mask.unsqueeze(1);
    }
    case MaskForm::kNone:
    case MaskForm::kDict:  // TensorForm says what is in it.
      return {};
  }
  return {};
}

at::ScalarType ToScalarType(MaskDtype dtype) {
  switch (dtype) {
    case MaskDtype::kBool:
      return at::kBool;
    case MaskDtype::kInt64:
      return at::kLong;
    case MaskDtype::kFloat32:
      return at::kFloat;
  }
  return at::kBool;
}

}  // namespace

RowTensors AssembleRows(std::span<const Sequence* const> sequences,
                        const BatchPlan& plan, MaskKind mask,
                        std::int64_t padding_id, at::Device device) {
  const bool packed = IsPacked(plan);
  const bool shared = std::ranges::any_of(
      plan.rows, [](const PlanRow& row) { return row.shared > 0; });
  const MaskForm form = TensorForm(mask.form, packed);
  TORCH_CHECK(form == MaskForm::kPairs || !packed,
              "a row of several sequences needs a [B, 1, T, T] mask");
  const at::Tensor planes =
      FillPlanes(sequences, plan, padding_id, !device.is_cpu())
          .to(device, /*non_blocking=*/true);
  RowTensors rows{.ids = planes[kIds],
                  .positions = planes[kPositions],
                  .type_ids = planes[kTypeIds],
                  .mask = MakeMask(planes[kSegments], form, shared)};
  if (rows.mask.defined()) rows.mask = rows.mask.to(ToScalarType(mask.dtype));
  return rows;
}

}  // namespace strata
