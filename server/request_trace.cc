// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/request_trace.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/engine/call.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/support/status.h"
#include "server/call_environment.h"
#include "server/call_identity.h"
#include "server/log.h"
#include "server/model_loading.h"
#include "server/request_spans.h"
#include "server/seldom.h"
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

void RequestTrace::SetMethod(const google::protobuf::Descriptor& request,
                             bool streamed) {
  const google::protobuf::FileDescriptor& file = *request.file();
  for (int i = 0; i < file.service_count(); ++i) {
    const google::protobuf::ServiceDescriptor& service = *file.service(i);
    for (int j = 0; j < service.method_count(); ++j) {
      const google::protobuf::MethodDescriptor& method = *service.method(j);
      if (method.input_type() != &request) continue;
      if (method.client_streaming() != streamed) continue;
      record_.service = service.full_name();
      record_.method = method.name();
      return;
    }
  }
}

void RequestTrace::Computed(const EncodeReply& reply) {
  if (reply.failed_inputs > 0) LogFailedInputs(reply);
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
  // Computed has told of an input that failed; the trace's own words may hold
  // what it was given.
  if (ReasonOf(status) == Reason::kForwardFailed) return;
  std::vector<LogField> fields = IdentityFields();
  fields.emplace_back("message", wire.error_message());
  Log(Severity::kError, "call_failed", fields);
}

void RequestTrace::LogFailedInputs(const EncodeReply& reply) const {
  // Of all requests: a model that fails does so for each.
  static Seldom seldom;
  const auto left_out = seldom.Take(environment_.clock.Now());
  if (!left_out.has_value()) return;
  std::vector<LogField> fields = IdentityFields();
  for (LogField& field : IdFields(reply.model->id)) {
    fields.push_back(std::move(field));
  }
  fields.emplace_back("inputs", absl::StrCat(reply.failed_inputs));
  // Not what the trace says: its words may hold what it was given.
  const auto reason = ReasonOf(reply.input_failure);
  fields.emplace_back(
      "reason",
      std::string(ReasonName(reason.value_or(Reason::kInternalDefect))));
  fields.emplace_back("left_out", absl::StrCat(*left_out));
  Log(Severity::kError, "inputs_failed", fields);
}

std::vector<LogField> RequestTrace::IdentityFields() const {
  std::vector<LogField> fields = {{"method", record_.method},
                                  {"request_id", record_.request_id}};
  if (!record_.trace_id.empty()) {
    fields.emplace_back("trace_id", absl::BytesToHexString(record_.trace_id));
  }
  return fields;
}

}  // namespace strata
