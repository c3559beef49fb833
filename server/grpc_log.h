// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_GRPC_LOG_H_
#define STRATA_SERVER_GRPC_LOG_H_

namespace strata {

// What gRPC itself has to say (a handshake that failed, a connection that it
// could not take) is logged as the events `grpc` of this process from now on:
// in its format, and never waited for where nobody takes the log. For the whole
// process. Thread-safe.
void LogWhatGrpcSays();

}  // namespace strata

#endif  // STRATA_SERVER_GRPC_LOG_H_
