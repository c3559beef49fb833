// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_REQUEST_H_
#define STRATA_CLIENT_CLI_REQUEST_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cli/options.h"
#include "strata/v1/hidden_state_service.pb.h"
#include "strata/v1/tokenizer_service.pb.h"

// Options to requests. Pure functions.
namespace strata::cli {

// "0,-1" to its numbers; an error for a person where it is anything else.
// Empty: no number. "all" is not for this function.
absl::StatusOr<std::vector<std::int32_t>> ParseLayers(absl::string_view text);

// `layers` are the command's, resolved.
v1::EncodeRequest EncodeRequestFor(const EncodeCommand& command,
                                   const std::vector<std::string>& texts,
                                   const std::vector<std::int32_t>& layers);

v1::TokenizeRequest TokenizeRequestFor(const TokenizeCommand& command,
                                       const std::vector<std::string>& texts);

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_REQUEST_H_
