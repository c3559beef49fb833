// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_STATUS_H_
#define STRATA_SERVER_STATUS_H_

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"

namespace strata {

// The one place where errors become what clients see: code, message, and in the
// details ErrorInfo (domain "strata", a reason of strata.v1.ErrorReason)
// always, BadRequest where core/base/error.h's FieldError named a field,
// RetryInfo where FullError gave a time. Messages are cut to fit into a trailer
// and made valid UTF-8. An error without a reason that names one of the
// caller's mistakes is a defect of ours: INTERNAL, INTERNAL_DEFECT.
//
// OK becomes a status without details.
google::rpc::Status ToRpcStatus(const absl::Status& status);

// The same as gRPC carries it: google.rpc.Status in the details.
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace strata

#endif  // STRATA_SERVER_STATUS_H_
