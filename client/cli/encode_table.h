// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_ENCODE_TABLE_H_
#define STRATA_CLIENT_CLI_ENCODE_TABLE_H_

#include <string>
#include <vector>

#include "strata/v1/hidden_state_service.pb.h"

namespace strata::cli {

// The answer as a person likes to read it: a headline, and a row for each text
// with its pieces, shape, time for each stage and as many of its first numbers
// (four at most) as fit into `width` columns. Where the pieces were asked for,
// they follow, text by text.
//
// `texts` are the request's inputs, in order; one output was asked for.
std::string EncodeTable(const std::vector<std::string>& texts,
                        const v1::EncodeResponse& response, int width);

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_ENCODE_TABLE_H_
