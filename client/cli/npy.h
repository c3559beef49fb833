// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_NPY_H_
#define STRATA_CLIENT_CLI_NPY_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "strata/v1/tensor.pb.h"

namespace strata::cli {

// A tensor as the bytes of a `.npy` file, format 1.0, little-endian, row-major:
// "<f4", or "<f2" for FLOAT16. BFLOAT16 has no type there and is widened to
// "<f4", which loses nothing.
//
// Errors: TensorView::Create's.
absl::StatusOr<std::string> NpyBytes(const v1::Tensor& tensor);

// Where arrays go, for the --output that was given: itself for a single input,
// each "%d" in it replaced by the input's index, or "INDEX.npy" in it where it
// is a folder or ends in a slash.
class NpyPaths {
 public:
  // Whether `output` has a place for more than one array.
  static bool HoldsSeveral(absl::string_view output);

  // `several`: whether there is more than one input. Errors, for a person: one
  // place for several arrays, or none.
  static absl::StatusOr<NpyPaths> Create(absl::string_view output, bool several,
                                         bool out_is_terminal);

  // Of the input at `index`. Empty: standard output.
  std::string Of(std::int64_t index) const;

 private:
  explicit NpyPaths(absl::string_view output) : output_(output) {}

  std::string output_;
};

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_NPY_H_
