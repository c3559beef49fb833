// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_FORMAT_H_
#define STRATA_CLIENT_CLI_FORMAT_H_

#include <google/protobuf/duration.pb.h>

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

// Small values as a person reads them.
namespace strata::cli {

// In milliseconds, three digits or so: "0.42 ms", "12.3 ms", "1500 ms".
std::string Milliseconds(const google::protobuf::Duration& duration);
std::string Milliseconds(double ms);

// In at most ten columns: "-0.1234", "12.5000", "1.23e+05".
std::string Number(float value);

// "1 piece", "3 pieces".
std::string Count(std::int64_t count, absl::string_view noun);

// The name of an enum's value without its prefix: "READY".
std::string WithoutPrefix(absl::string_view name, absl::string_view prefix);

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_FORMAT_H_
