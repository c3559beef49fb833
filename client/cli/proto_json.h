// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_PROTO_JSON_H_
#define STRATA_CLIENT_CLI_PROTO_JSON_H_

#include <google/protobuf/message.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace strata::cli {

// JSON whose numbers are floats, so that 0.1F is written 0.1, and whose members
// keep their order.
using Json =
    nlohmann::basic_json<nlohmann::ordered_map, std::vector, std::string, bool,
                         std::int64_t, std::uint64_t, float>;

// A message by protobuf's JSON mapping with the names of the .proto file,
// except for what would be a burden to a reader: 64-bit integers are numbers,
// and a strata.v1.Tensor is {"dtype", "shape", "values"} with its numbers in
// nested arrays. What JSON has no number for (infinity, not-a-number) is null.
//
// Unset messages are left out; everything else is there, zero or not.
Json ToJson(const google::protobuf::Message& message);

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_PROTO_JSON_H_
