// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_SIGNATURE_H_
#define STRATA_CORE_MODEL_SIGNATURE_H_

#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/model/config.h"
#include "core/model/report.h"

namespace strata {

// An argument of a trace's forward as its schema has it.
struct SchemaArgument {
  std::string name;
  // As TorchScript writes it: "Tensor", "Dict(str, Tensor)".
  std::string type;
};

// The TorchScript types of arguments that can be served.
constexpr absl::string_view kTensorType = "Tensor";
constexpr absl::string_view kDictType = "Dict(str, Tensor)";

// The names of arguments that hold keys and values of earlier pieces, which
// nothing here has to give. strata.json's `arguments` overrules the names.
std::vector<std::string> CacheArguments(
    std::span<const SchemaArgument> arguments, const ModelConfig& config);

// Finds out what each argument means: as strata.json's `arguments` says or,
// where it says nothing, by type and name. The dictionary is the mask; names
// that contain "mask", "position", "type" or "segment" say so themselves; the
// piece identifiers are what is called "ids", "input", "piece" or "token", and
// else the first tensor without a meaning.
//
// Error: INVALID_ARGUMENT naming the argument, where one has no meaning, two
// have the same, none is the piece identifiers, or a type cannot be served.
absl::StatusOr<std::vector<Argument>> AssignRoles(
    std::span<const SchemaArgument> arguments, const ModelConfig& config);

}  // namespace strata

#endif  // STRATA_CORE_MODEL_SIGNATURE_H_
