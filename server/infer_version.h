// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_INFER_VERSION_H_
#define STRATA_SERVER_INFER_VERSION_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace strata {

// Which version of a model a request of the Open Inference Protocol means.
struct InferVersion {
  // 0: not by its number.
  std::int64_t number = 0;
  // Empty: not by a label.
  std::string label;
};

// What a request's `field` says, a string in that protocol: a number, a label,
// or nothing, for the newest. Error: INVALID_FIELD.
inline absl::StatusOr<InferVersion> ToInferVersion(const std::string& text,
                                                   const char* field) {
  InferVersion version;
  if (text.empty()) return version;
  if (!absl::SimpleAtoi(text, &version.number)) {
    return InferVersion{.label = text};
  }
  if (version.number > 0) return version;
  return FieldError(field, absl::StrCat("got ", version.number,
                                        ", expected a positive number, a "
                                        "label, or nothing for the newest"));
}

}  // namespace strata

#endif  // STRATA_SERVER_INFER_VERSION_H_
