// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_CONFIG_H_
#define STRATA_CORE_MODEL_CONFIG_H_

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/batch/plan.h"
#include "core/model/report.h"
#include "core/tensor/mask_form.h"

namespace strata {

// What a model's owner says of its batches; unset is what the warm-up found.
struct BatchingConfig {
  // Most rows of a batch.
  std::optional<int> max_rows;
  // Most places of a batch, rows times length.
  std::optional<int> max_padded_pieces;
  // Whether several sequences may share a row where that is exact.
  bool packing = true;
};

// A model directory's strata.json: what its owner knows better than the
// load-time examination. Every key may be left out, and so may the file:
//
//   {
//     "arguments": ["piece_ids", "attention_mask", "positions"],
//     "mask_form": "pairs",
//     "mask_dtype": "bool",
//     "layers": 7,
//     "padding_id": 0,
//     "max_pieces": 512,
//     "final_norm_layers": [6],
//     "devices": ["cuda"],
//     "batch_invariant": true,
//     "prompts": {"query": "query: "},
//     "batching": {"max_rows": 64, "max_padded_pieces": 1024,
//                  "packing": false}
//   }
struct ModelConfig {
  // Roles of forward's arguments, in their order: "piece_ids",
  // "attention_mask", "positions", "type_ids". Empty: found by name and type.
  std::vector<ArgumentRole> arguments;
  // "none", "pieces", "keys", "pairs" or "dict". Unset: found by trying.
  std::optional<MaskForm> mask_form;
  // "bool", "int64" or "float32". Unset: found by trying.
  std::optional<MaskDtype> mask_dtype;
  // How many of the tensors that forward returns first are hidden states, the
  // embedding output included; what follows them may be logits. Unset: see
  // ReadOutputs. Needed only where the vocabulary is as large as the layers are
  // wide.
  std::optional<int> layers;
  // Identifier that fills up rows.
  std::int64_t padding_id = 0;
  // Longest input that is accepted. Unset: the longest that the examination
  // saw run.
  std::optional<int> max_pieces;
  // Layers whose output has passed the final norm. Empty: not known.
  std::vector<int> final_norm_layers;
  // Of the server's devices, those that the model runs on, in the words of
  // --devices. Empty: all.
  std::vector<std::string> devices;
  // Whether every sequence has a forward of its own, at its own length, so that
  // equal inputs have bitwise equal answers whatever the load (on devices of
  // one kind). Costs what batches gain; `batching` then has no say.
  bool batch_invariant = false;
  // Texts that go in front of an input's, by the names that requests pick them
  // by.
  std::map<std::string, std::string> prompts;
  // What a batch may be.
  BatchingConfig batching;
};

// Reads a strata.json's text. Error: INVALID_ARGUMENT naming the key, what was
// got and what was expected; unknown keys are errors.
absl::StatusOr<ModelConfig> ParseModelConfig(absl::string_view text);

// Reads `directory`/strata.json; the defaults where there is none.
absl::StatusOr<ModelConfig> ReadModelConfig(
    const std::filesystem::path& directory);

// "pairs" for kPairs, and so on: the names of strata.json.
absl::string_view MaskFormKey(MaskForm mask_form);
absl::string_view ArgumentRoleKey(ArgumentRole role);

}  // namespace strata

#endif  // STRATA_CORE_MODEL_CONFIG_H_
