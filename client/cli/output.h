// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_OUTPUT_H_
#define STRATA_CLIENT_CLI_OUTPUT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "client/cli/console.h"
#include "client/cli/proto_json.h"

namespace strata::cli {

// Writes to the file, which is made with its folders or replaced, or to
// `console.out` where `path` is empty. Errors, for a person.
absl::Status Write(const std::string& path, absl::string_view bytes,
                   const Console& console);

// One line.
std::string JsonLine(const Json& json);

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_OUTPUT_H_
