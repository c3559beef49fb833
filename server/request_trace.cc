// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/request_trace.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "core/engine/call.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/support/status.h"
#include "server/call_environment.h"
#include "server/call_identity.h"
#include "server/log.h"
#include "server/request_spans.h"
#include "server/span_exporter.h"
#include "server/status.h"
#include "server/trace_context.h"

namespace strata {

RequestTrace::RequestTrace(const CallEnvironment& environment,
                           CallIdentity identity)
    : environment_(environment) {
  const Telemetry& telemetry = environment_.telemetry;
  record_.request_id = std::move(identity.request_id);
  record_.received = environment_.clock.Now();
  // Of a request that is dropped before anybody answers.
  record_.status = absl::CancelledError();
  if (identity.parent.has_value()) {
    record_.trace_id = std::move(identity.parent->trace_id);
    record_.parent_id = std::move(identity.parent->span_id);
    recorded_ = telemetry.spans != nullptr && identity.parent->sampled;
  } else if (telemetry.spans != nullptr) {
    record_.trace_id = NewTraceId();
    recorded_ = IsSampled(record_.trace_id, telemetry.sample_ratio);
  }
}

RequestTrace::~RequestTrace() {
  if (!recorded_) return;
  record_.ended = environment_.clock.Now();
  environment_.telemetry.spans->Add(SpansOf(record_));
}

void RequestTrace::SetMethod(const google::protobuf::Descriptor& request) {
  const google::protobuf::FileDescriptor& file = *request.file();
  for (int i = 0; i < file.service_count(); ++i) {
    const google::protobuf::ServiceDescriptor& service = *file.service(i);
    for (int j = 0; j < service.method_count(); ++j) {
      if (service.method(j)->input_type() != &request) continue;
      record_.service = service.full_name();
      record_.method = service.method(j)->name();
      return;
    }
  }
}

void RequestTrace::Computed(const EncodeReply& reply) {
  if (!recorded_) return;
  record_.computed = {.model = reply.model->id.name,
                      .version = reply.model->id.version,
                      .timings = reply.timings,
                      .at = environment_.clock.Now()};
}

void RequestTrace::Answered(const absl::Status& status) {
  record_.status = status;
  if (status.ok()) return;
  const grpc::Status wire = ToGrpcStatus(status);
  if (wire.error_code() != grpc::StatusCode::INTERNAL) return;
  std::vector<LogField> fields = {{"method", record_.method},
                                  {"request_id", record_.request_id}};
  if (!record_.trace_id.empty()) {
    fields.emplace_back("trace_id", absl::BytesToHexString(record_.trace_id));
  }
  fields.emplace_back("message", wire.error_message());
  Log(Severity::kError, "call_failed", fields);
}

}  // namespace strata
