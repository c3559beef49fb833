// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_REQUEST_TRACE_H_
#define STRATA_SERVER_REQUEST_TRACE_H_

#include <vector>

#include "absl/status/status.h"
#include "core/engine/call.h"
#include "google/protobuf/descriptor.h"
#include "server/call_environment.h"
#include "server/call_identity.h"
#include "server/log.h"
#include "server/request_spans.h"

namespace strata {

// What one request leaves in the log and in traces: begun when it is received,
// told how it went, and ended, which is when its spans are handed over, where
// it is destroyed: its answer has left then.
//
// Thread-compatible: a request is in one hand at a time.
class RequestTrace {
 public:
  RequestTrace(const CallEnvironment& environment, CallIdentity identity);
  ~RequestTrace();
  RequestTrace(const RequestTrace&) = delete;
  RequestTrace& operator=(const RequestTrace&) = delete;

  // Which RPC it is: the one that takes such messages, one or, `streamed`, many
  // in a call.
  void SetMethod(const google::protobuf::Descriptor& request, bool streamed);

  // The engine has an answer. Writes a line to the log where inputs failed, one
  // in a second at most.
  void Computed(const EncodeReply& reply);

  // How it ends. Writes a line to the log where that is a defect of ours.
  void Answered(const absl::Status& status);

 private:
  void LogFailedInputs(const EncodeReply& reply) const;
  // "method", "request_id" and, in a trace, "trace_id", for the log.
  std::vector<LogField> IdentityFields() const;

  const CallEnvironment environment_;
  // Whether it has spans.
  bool recorded_ = false;
  RequestRecord record_;
};

}  // namespace strata

#endif  // STRATA_SERVER_REQUEST_TRACE_H_
