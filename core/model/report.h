// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_REPORT_H_
#define STRATA_CORE_MODEL_REPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace strata {

// The form of the attention mask that a trace takes. True marks what may be
// attended to.
enum class MaskForm {
  kNone,    // No mask argument.
  kPieces,  // bool [B, T].
  kKeys,    // bool [B, 1, 1, T].
  kPairs,   // bool [B, 1, T, T]: says for each query which keys it sees.
  kDict,    // Dict(str, Tensor) of one bool [B, 1, 1, T] under "bool_mask".
};

// What an argument of a trace's forward means.
enum class ArgumentRole { kPieceIds, kAttentionMask, kPositions, kTypeIds };

// An argument of a trace's forward.
struct Argument {
  std::string name;
  // Its TorchScript type, as "Tensor".
  std::string type;
  ArgumentRole role = ArgumentRole::kPieceIds;
};

// One check of the load-time examination.
struct Check {
  std::string name;
  bool passed = false;
  // Whether a trace that fails it is refused.
  bool essential = false;
  std::string expected;
  std::string found;
};

// What the load-time examination found out about a trace by running it.
struct TraceReport {
  std::vector<Argument> arguments;
  MaskForm mask_form = MaskForm::kNone;
  // Hidden states, the embedding output included: n_layers + 1.
  int layers = 0;
  int width = 0;
  // "float32", "float16" or "bfloat16".
  std::string dtype;
  std::int64_t vocabulary_size = 0;
  // Longest sequence that ran.
  int longest_pieces = 0;
  // Whether a padded sequence equals itself alone, so that sequences of
  // different lengths may share a batch.
  bool padding_exact = false;
  std::vector<Check> checks;
  absl::Duration duration;
};

}  // namespace strata

#endif  // STRATA_CORE_MODEL_REPORT_H_
