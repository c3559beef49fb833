// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_REPORT_H_
#define STRATA_CORE_MODEL_REPORT_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "core/batch/cost.h"
#include "core/batch/request.h"
#include "core/tensor/mask_form.h"

namespace strata {

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

// The check that fails where the tokenizer is another model's.
inline constexpr const char* kTokenizerFitsCheck = "tokenizer_fits";

// What the load-time examination found out about a trace by running it.
struct TraceReport {
  std::vector<Argument> arguments;
  MaskForm mask_form = MaskForm::kNone;
  // Meaningless without a mask.
  MaskDtype mask_dtype = MaskDtype::kBool;
  // Hidden states, the embedding output included: n_layers + 1.
  int layers = 0;
  int width = 0;
  // Channels of the logits, the vocabulary of the model's head. 0: none.
  int logits_width = 0;
  // Which of the tensors beside the layers are the logits, if there are any.
  std::size_t logits_place = 0;
  // "float32", "float16" or "bfloat16".
  std::string dtype;
  std::int64_t vocabulary_size = 0;
  // Longest sequence that ran.
  int longest_pieces = 0;
  // Whether a padded sequence equals itself alone, so that sequences of
  // different lengths may share a batch.
  bool padding_exact = false;
  // Whether sequences packed into one row under a block-diagonal mask equal
  // themselves alone.
  bool packing_exact = false;
  // Whether several sequences that begin alike can share the row places of that
  // beginning, and equal themselves alone.
  bool prefix_sharing_exact = false;
  // Whether sequences in a packed row stay as they are beside one whose numbers
  // are not finite. Seldom: 0 times not-a-number is not-a-number.
  bool infinity_contained = false;
  // Whether a forward can end at the deepest layer that is wanted, and gives
  // the same.
  bool layers_cut = false;
  // Whether the positions that the trace is given change its results.
  bool positions_matter = false;
  std::vector<Check> checks;
  absl::Duration duration;
  // What forwards cost on each device, by its name.
  std::map<std::string, std::vector<ForwardTiming>> timings;

  OutputWidths widths() const {
    return {.hidden_states = width, .logits = logits_width};
  }

  // Layers that can be wanted; logits count as one above the others.
  int depth() const { return layers + (logits_width > 0 ? 1 : 0); }

  MaskKind mask() const { return {mask_form, mask_dtype}; }
  void SetMask(MaskKind mask) {
    mask_form = mask.form;
    mask_dtype = mask.dtype;
  }
};

}  // namespace strata

#endif  // STRATA_CORE_MODEL_REPORT_H_
