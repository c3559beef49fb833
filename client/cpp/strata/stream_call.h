// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CPP_STREAM_CALL_H_
#define STRATA_CLIENT_CPP_STREAM_CALL_H_

#include <grpcpp/client_context.h>

#include "absl/status/status.h"
#include "strata/stream.h"
#include "strata/v1/hidden_state_service.grpc.pb.h"

namespace strata {

// One call of EncodeStream; see Client::EncodeStream. A part of the client that
// is not installed.
absl::Status CallEncodeStream(v1::HiddenStateService::Stub& stub,
                              grpc::ClientContext& context,
                              const RequestSource& next,
                              const AnswerSink& on_answer);

}  // namespace strata

#endif  // STRATA_CLIENT_CPP_STREAM_CALL_H_
