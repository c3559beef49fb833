// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CPP_STATUS_H_
#define STRATA_CLIENT_CPP_STATUS_H_

#include <grpcpp/support/status.h>

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace strata {

// The outcome of a call as absl::Status, with what the server attached.
//
// The message stays readable on its own: the fields of google.rpc.BadRequest,
// the reason of google.rpc.ErrorInfo and the delay of google.rpc.RetryInfo
// follow the server's text where it does not name them itself. Every detail is
// also kept as a payload under its type URL, for programs; the functions below
// read the usual ones.
//
// Where a server is gone in the midst of its answer, a proxy resets the stream,
// which gRPC calls INTERNAL. It is UNAVAILABLE here, as without a proxy; an
// INTERNAL of a server's has details.
absl::Status StatusFromGrpc(const grpc::Status& status);

// google.rpc.ErrorInfo.reason, as "MODEL_NOT_FOUND": the name of a
// strata.v1.ErrorReason without its prefix. nullopt: the status has none, as
// when no server was reached.
std::optional<std::string> ErrorReasonOf(const absl::Status& status);

// google.rpc.RetryInfo.retry_delay. nullopt: the server named none.
std::optional<absl::Duration> RetryDelayOf(const absl::Status& status);

}  // namespace strata

#endif  // STRATA_CLIENT_CPP_STATUS_H_
