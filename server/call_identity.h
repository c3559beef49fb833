// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_CALL_IDENTITY_H_
#define STRATA_SERVER_CALL_IDENTITY_H_

#include <map>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "grpcpp/support/string_ref.h"
#include "server/trace_context.h"

namespace strata {

// What a call is known by in logs and traces.
struct CallIdentity {
  // The caller's `x-request-id`, cut to 128 bytes, or one made up here;
  // letters, digits and a few signs, whatever the caller sent.
  std::string request_id;
  // The caller's place in a trace, from `traceparent`; nullopt where it has
  // none, or none that is valid.
  std::optional<TraceContext> parent;
};

// A call's metadata, as gRPC has it.
using CallMetadata = std::multimap<grpc::string_ref, grpc::string_ref>;

// The one place where metadata is read for that. Of several request ids the
// first counts; several places in a trace are none.
CallIdentity IdentifyCall(const CallMetadata& metadata);

}  // namespace strata

#endif  // STRATA_SERVER_CALL_IDENTITY_H_
