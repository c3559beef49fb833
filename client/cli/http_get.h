// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_HTTP_GET_H_
#define STRATA_CLIENT_CLI_HTTP_GET_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace strata::cli {

// The body of the answer to GET `path` at `address`, HOST:PORT or [IPV6]:PORT.
// Plain HTTP, as /metrics is served, and of whole bodies only: a chunked one,
// and one of more than 64 MiB, is an error. Blocks, each step for `timeout` at
// most. Errors: UNAVAILABLE where nobody listens, DEADLINE_EXCEEDED where
// nobody answers, FAILED_PRECONDITION where the answer is no 200 or no HTTP,
// INVALID_ARGUMENT where `address` is none.
absl::StatusOr<std::string> HttpGet(const std::string& address,
                                    absl::string_view path,
                                    absl::Duration timeout);

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_HTTP_GET_H_
